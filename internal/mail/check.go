package mail

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"hsconnect/internal/fault"
)

const (
	maxSubject = 200   // characters
	maxText    = 20000 // bytes of all paragraphs
	maxLink    = 2000  // bytes
)

var (
	// addressForm is the plain form of an address: no quotes, no comments, no
	// address literals, names of hosts outside ASCII in their xn-- form.
	addressForm = regexp.MustCompile(`^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`)
	kindForm    = regexp.MustCompile(`^[a-z][a-z ]{0,39}$`)
)

// problems says what stands in the way of sending m. A line break would end a
// header, or make a person's name look like the next paragraph.
func (m Message) problems() (found []fault.Problem) {
	bad := func(path, text string) { found = append(found, fault.Problem{Path: path, Text: text}) }
	if !isAddress(m.Address) {
		bad("address", "Give one e-mail address of plain letters and digits, such as anna@example.org")
	}
	if !kindForm.MatchString(m.Kind) {
		bad("kind", "Name the kind of message in a few lower-case words")
	}
	if strings.TrimSpace(m.Subject) == "" || utf8.RuneCountInString(m.Subject) > maxSubject || !oneLine(m.Subject) {
		bad("subject", "Give a subject of one line and at most "+strconv.Itoa(maxSubject)+" characters")
	}
	if !oneLine(string(m.Person)) || !oneLine(m.By) {
		bad("person", "Name the people by their references")
	}
	size := 0
	for i, p := range m.Text {
		size += len(p)
		if !oneLine(p) {
			bad("text["+strconv.Itoa(i)+"]", "Write each paragraph as one line, without control characters")
		}
	}
	if len(m.Text) == 0 || size > maxText {
		bad("text", "Write at least one paragraph, and no more than "+strconv.Itoa(maxText)+" bytes together")
	}
	if m.Link == "" && m.LinkText == "" {
		return found
	}
	if !isLink(m.Link) {
		bad("link", "Give a whole address that starts with https:// or http://")
	}
	if strings.TrimSpace(m.LinkText) == "" || !oneLine(m.LinkText) {
		bad("linkText", "Say on one line what the link does")
	}
	return found
}

// oneLine says that s is text without breaks, controls, and characters that
// turn the writing direction of what follows.
func oneLine(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || (r >= '\u202a' && r <= '\u202e')
	})
}

func isLink(s string) bool {
	if len(s) > maxLink || !oneLine(s) || strings.ContainsAny(s, " <>\"\\") {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}
