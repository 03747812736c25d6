package account

import (
	"crypto/sha256"
	"encoding/binary"
	"net/mail"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"hsconnect/internal/access"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

const (
	// Characters of a password. 15 is the least that may stand alone, without a
	// second factor (I-01); more than 64 has to be possible (I-03).
	minPassword = 15
	maxPassword = 128

	minUsername = 3
	maxUsername = 64
	maxName     = 200
	maxEmail    = 254
	maxReason   = 500
)

// serviceWords are the portal's own (I-06).
func serviceWords() []string {
	return []string{"hsconnect", "hs connect", "connect", "provider portal"}
}

// normal gives the form of a password that is hashed: canonical Unicode, and
// nothing cut or trimmed (I-03).
func normal(password string) string { return norm.NFC.String(password) }

// checkPassword gives what is wrong with a new password of p, in words that
// may be shown. There are no rules about kinds of characters (I-04).
func (s *Service) checkPassword(path, password string, p Person) *fault.Problem {
	if !utf8.ValidString(password) {
		return &fault.Problem{Path: path, Text: "Contains bytes that are not text. Please type it again"}
	}
	password = normal(password)
	n := utf8.RuneCountInString(password)
	var text string
	switch {
	case n == 0:
		text = "Choose a password of at least 15 characters. A few unrelated words are easy to remember"
	case n < minPassword:
		text = "Is too short: use at least 15 characters. A few unrelated words are easy to remember"
	case n > maxPassword:
		text = "Is longer than 128 characters. Choose a shorter one"
	case strings.ContainsFunc(password, unicode.IsControl):
		text = "Contains a character that cannot be typed, such as a tab or a line end"
	default:
		context := slices.Concat([]string{p.Username, p.Name, p.OrgName, p.Email}, serviceWords(), s.words)
		text = s.common.weakness(password, context, s.block)
	}
	if text == "" {
		return nil
	}
	return &fault.Problem{Path: path, Text: text}
}

// fold gives the form in which usernames are compared; "" for a text that
// cannot be a username.
func fold(username string) string {
	if len(username) < minUsername || len(username) > maxUsername {
		return ""
	}
	for i := range len(username) {
		c := username[i]
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !plain && (i == 0 || !strings.ContainsRune("._-@", rune(c))) {
			return ""
		}
	}
	return strings.ToLower(username)
}

// prefix is the first 64 bits of the SHA-256 of text.
func prefix(text string) uint64 {
	sum := sha256.Sum256([]byte(text))
	return binary.BigEndian.Uint64(sum[:8])
}

// NewPerson is what an account is made of.
type NewPerson struct {
	Username string // 3 to 64 letters, digits, and . _ - @ after the first
	Name     string
	Email    string // may be empty
	Password string
	Side     access.Side
	Org      id.Organization // required for an office
	OrgName  string
	OrgTIN   string
	Roles    []access.Role // of that side, at least one
	Licence  access.Licence

	Providers []string // NPIs she may request for; none: all
}

// person gives the account without its password, cleaned.
func (n NewPerson) person() Person {
	roles := slices.Clone(n.Roles)
	slices.Sort(roles)
	return Person{
		Username: n.Username, Name: strings.TrimSpace(norm.NFC.String(n.Name)), Email: strings.TrimSpace(n.Email),
		Side: n.Side, Org: n.Org, OrgName: n.OrgName, OrgTIN: n.OrgTIN, Roles: slices.Compact(roles), Licence: n.Licence, Providers: n.Providers,
	}
}

// check gives every problem of a new account.
func (s *Service) check(n NewPerson) []fault.Problem {
	p := n.person()
	var bad []fault.Problem
	add := func(path, text string) { bad = append(bad, fault.Problem{Path: path, Text: text}) }
	if fold(p.Username) == "" {
		add("username", "Use 3 to 64 letters and digits; after the first also . _ - @")
	}
	switch {
	case p.Name == "":
		add("name", "Enter the person's full name")
	case !showable(p.Name, maxName):
		add("name", "Use at most 200 characters, on one line")
	}
	if p.Email != "" && !isEmail(p.Email) {
		add("email", "Enter one e-mail address, such as name@example.org")
	}
	if p.Side != access.Office && p.Side != access.Plan {
		add("side", "Choose a provider office or the plan")
	}
	if p.Side == access.Office && p.Org == "" {
		add("organization", "Choose the organization the person works for")
	}
	if len(p.Roles) == 0 {
		add("roles", "Choose at least one role")
	}
	for _, r := range p.Roles {
		if r.Side() != p.Side {
			add("roles", "Choose roles of the person's own side only")
			break
		}
	}
	for _, sp := range p.Licence.Specialties {
		if !sp.Valid() {
			add("licence.specialties", "Choose specialties from the list")
			break
		}
	}
	problem := s.checkPassword("password", n.Password, p)
	if problem != nil {
		bad = append(bad, *problem)
	}
	return bad
}

func showable(text string, most int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= most && !strings.ContainsFunc(text, unicode.IsControl)
}

func isEmail(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text && len(text) <= maxEmail && showable(text, maxEmail)
}

// cleanReason gives the reason for what is done to an account, which is required.
func cleanReason(reason string) (string, error) {
	reason = strings.TrimSpace(norm.NFC.String(reason))
	if utf8.RuneCountInString(reason) < 3 || !showable(reason, maxReason) {
		return "", fault.Bad(fault.Problem{Path: "reason", Text: "Give the reason in 3 to 500 characters, on one line"})
	}
	return reason, nil
}
