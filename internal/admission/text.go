package admission

import (
	"net/mail"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/fault"
)

const (
	maxName   = 200
	maxEmail  = 254
	maxReason = 500
	maxBody   = 1000
)

// hidden are characters that no name needs: controls, line ends, and those
// that turn the direction of what is written after them.
func hidden(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// plain takes them out of a text that came from elsewhere, for a mail.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if hidden(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}

func clean(text string) string { return strings.TrimSpace(norm.NFC.String(text)) }

func fits(text string, most int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= most && !strings.ContainsFunc(text, hidden)
}

func checkName(name string) []fault.Problem {
	switch {
	case name == "":
		return []fault.Problem{{Path: "name", Text: "Enter the person's full name"}}
	case !fits(name, maxName):
		return []fault.Problem{{Path: "name", Text: "Use at most 200 characters, on one line"}}
	}
	return nil
}

func checkEmail(email string) []fault.Problem {
	a, err := mail.ParseAddress(email)
	ascii := !strings.ContainsFunc(email, func(r rune) bool { return r > unicode.MaxASCII || r == ' ' || r == '"' || r == '[' })
	if err != nil || a.Address != email || len(email) > maxEmail || !ascii {
		return []fault.Problem{{Path: "email", Text: "Enter one e-mail address, such as name@example.org"}}
	}
	return nil
}

func emailKey(email string) string { return strings.ToLower(email) }

// cleanReason gives the reason for what is done, which is required.
func cleanReason(reason string) (string, error) {
	reason = clean(reason)
	if utf8.RuneCountInString(reason) < 3 || !fits(reason, maxReason) {
		return "", fault.Bad(fault.Problem{Path: "reason", Text: "Give the reason in 3 to 500 characters, on one line"})
	}
	return reason, nil
}

func tidyGrant(g account.Grant) account.Grant {
	g.Roles, g.Providers = slices.Clone(g.Roles), slices.Clone(g.Providers)
	slices.Sort(g.Roles)
	slices.Sort(g.Providers)
	return account.Grant{Roles: slices.Compact(g.Roles), Providers: slices.Compact(g.Providers)}
}

// rolesInWords says roles in a sentence.
func rolesInWords(roles []access.Role) string {
	words := make([]string, len(roles))
	for i, r := range roles {
		words[i] = string(r)
	}
	return strings.Join(words, ", ")
}

// gather puts the problems of several checks together.
func gather(err error, more []fault.Problem) error {
	if err != nil && !fault.Is(err, fault.Invalid) {
		return err
	}
	all := slices.Concat(more, fault.Problems(err))
	if len(all) == 0 {
		return nil
	}
	return fault.Bad(all...)
}
