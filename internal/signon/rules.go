package signon

import (
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"hsconnect/internal/access"
	"hsconnect/internal/fault"
)

const (
	maxName    = 100
	maxReason  = 500
	maxClient  = 255
	maxSecret  = 1000
	maxDomains = 50
	maxDomain  = 253
	maxACRs    = 20
	maxACR     = 200
	maxEmail   = 254
	maxNext    = 2000
)

func sideOf(n int64) access.Side { return access.Side(n) }

func join(words []string) string { return strings.Join(words, " ") }

func split(text string) []string { return strings.Fields(text) }

func showable(text string, most int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= most && !strings.ContainsFunc(text, unicode.IsControl)
}

// plain reports whether text is 1 to most printing ASCII characters, the space
// among them, which is what a client's id and secret are made of (RFC 6749,
// appendix A.1 and A.2).
func plain(text string, most int) bool {
	return text != "" && len(text) <= most && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}

// visible is plain without the space, which parts the values of "acr".
func visible(text string, most int) bool {
	return text != "" && len(text) <= most && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

func cleanReason(reason string) (string, error) {
	reason = strings.TrimSpace(norm.NFC.String(reason))
	if utf8.RuneCountInString(reason) < 3 || !showable(reason, maxReason) {
		return "", fault.Bad(fault.Problem{Path: "reason", Text: "Give the reason in 3 to 500 characters, on one line"})
	}
	return reason, nil
}

// clean gives the provider as it is stored, or every problem of it.
func (s *Service) clean(p Provider) (Provider, error) {
	var bad []fault.Problem
	add := func(path, text string) { bad = append(bad, fault.Problem{Path: path, Text: text}) }
	p.Name = strings.TrimSpace(norm.NFC.String(p.Name))
	p.Issuer, p.ClientID, p.Secret = strings.TrimSpace(p.Issuer), strings.TrimSpace(p.ClientID), strings.TrimSpace(p.Secret)
	if p.Name == "" || !showable(p.Name, maxName) {
		add("name", "Enter a name for the sign-in button in 1 to 100 characters, on one line")
	}
	switch {
	case p.Side != access.Office && p.Side != access.Plan:
		add("side", "Choose a provider office or the plan")
	case p.Side == access.Office && p.Org == "":
		add("organization", "Choose the organization whose people sign in with it")
	case p.Side == access.Plan && p.Org != "":
		add("organization", "Leave the organization empty for the plan's own provider")
	}
	if !s.address(p.Issuer) || strings.ContainsAny(p.Issuer, "?#") {
		add("issuer", "Enter the provider's issuer exactly as it writes it: an https address without a question mark")
	}
	if !plain(p.ClientID, maxClient) {
		add("client", "Enter the client id that the provider gave for the portal")
	}
	switch {
	case p.Secret == "" && p.ID == "":
		add("secret", "Enter the client secret that the provider gave for the portal")
	case p.Secret != "" && !plain(p.Secret, maxSecret):
		add("secret", "Enter the client secret again: it has only letters, digits, spaces and signs of a US keyboard, and at most "+strconv.Itoa(maxSecret)+" of them")
	}
	var text string
	p.Domains, text = cleanDomains(p.Domains)
	if text != "" {
		add("domains", text)
	}
	p.ACRs = slices.Compact(slices.Sorted(slices.Values(p.ACRs)))
	if len(p.ACRs) > maxACRs || slices.ContainsFunc(p.ACRs, func(a string) bool { return !visible(a, maxACR) }) {
		add("acrs", "Enter at most 20 values without spaces, exactly as the provider writes them")
	}
	if len(bad) > 0 {
		return Provider{}, fault.Bad(bad...)
	}
	return p, nil
}

func cleanDomains(typed []string) (domains []string, problem string) {
	for _, t := range typed {
		d := foldDomain(t)
		if d == "" {
			return nil, "Enter domains such as example.org, without @ and without an address before it"
		}
		domains = append(domains, d)
	}
	slices.Sort(domains)
	domains = slices.Compact(domains)
	if len(domains) == 0 || len(domains) > maxDomains {
		return nil, "Enter the 1 to 50 domains of e-mail addresses that you have verified as the organization's own"
	}
	return domains, ""
}

// foldDomain gives a domain name in ASCII and lower case, or "".
func foldDomain(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > 2*maxDomain {
		return ""
	}
	d, err := idna.Lookup.ToASCII(text)
	if err != nil || len(d) > maxDomain || !strings.Contains(d, ".") || strings.HasPrefix(d, ".") || strings.HasSuffix(d, ".") || strings.Contains(d, "..") {
		return ""
	}
	return d
}

// domainOf gives the domain of an e-mail address or of a bare domain, or "".
func domainOf(typed string) string {
	return foldDomain(typed[strings.LastIndexByte(typed, '@')+1:])
}

func isEmail(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text && len(text) <= maxEmail && showable(text, maxEmail)
}

// differences says what of a provider is new, for its event. The secret is
// said to be new, not shown.
func differences(old, p Provider) string {
	var parts []string
	add := func(changed bool, what, value string) {
		if changed {
			parts = append(parts, what+": "+value)
		}
	}
	yes := func(b bool) string {
		if b {
			return "yes"
		}
		return "no"
	}
	add(old.Name != p.Name, "name", p.Name)
	add(old.Issuer != p.Issuer, "issuer", p.Issuer)
	add(old.ClientID != p.ClientID, "client", p.ClientID)
	add(p.Secret != "", "secret", "new")
	add(!slices.Equal(old.Domains, p.Domains), "domains", join(p.Domains))
	add(old.TrustFactor != p.TrustFactor, "second factor counts", yes(p.TrustFactor))
	add(!slices.Equal(old.ACRs, p.ACRs), "acr", join(p.ACRs))
	add(old.Disabled != p.Disabled, "disabled", yes(p.Disabled))
	return strings.Join(parts, "; ")
}

// local keeps a place within the portal to go on to, and drops anything else.
func local(next string) string {
	if len(next) > maxNext || !strings.HasPrefix(next, "/") || strings.ContainsFunc(next, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return ""
	}
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || strings.Contains(u.Path, "//") || strings.Contains(u.Path, "\\") {
		return ""
	}
	return next
}
