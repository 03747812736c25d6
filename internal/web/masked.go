package web

import (
	"errors"
	"fmt"
	"strings"
)

// causeOf tells an error for the log: the type of each error in its chain,
// the engine's own error code where there is one, and the words of its text.
func causeOf(err error) string {
	var parts []string
	for e := err; e != nil && len(parts) < 10; e = errors.Unwrap(e) {
		part := fmt.Sprintf("%T", e)
		if s, ok := e.(interface{ SQLState() string }); ok {
			part += " " + s.SQLState()
		}
		if s, ok := e.(interface{ Code() int }); ok {
			part += fmt.Sprintf(" code %d", s.Code())
		}
		parts = append(parts, part)
	}
	deepest := err
	for e := errors.Unwrap(err); e != nil; e = errors.Unwrap(e) {
		deepest = e
	}
	text := ""
	if deepest != nil {
		text = masked(deepest.Error())
	}
	return strings.Join(parts, " < ") + ": " + text
}

// The most of an error's text that is logged.
const (
	longestWord  = 24
	longestCause = 600
)

// masked keeps the plain lower-case words of an error text and hides the
// rest. Our own errors carry no data, but those of a library
// may quote an argument: member IDs, dates and numbers have digits, names
// have capitals, and what is quoted is data.
func masked(text string) string {
	var out strings.Builder
	hidden, quoted := false, false
	for word := range strings.FieldsSeq(strings.ToValidUTF8(text, "?")) {
		quotes := strings.Count(word, `"`) + strings.Count(word, "'") + strings.Count(word, "`")
		inside := quoted || quotes > 0
		if quotes%2 == 1 {
			quoted = !quoted
		}
		bare := strings.Trim(word, ".,:;!?()[]{}")
		if inside || !plain(bare) {
			if !hidden {
				out.WriteString(" ·")
			}
			hidden = true
			continue
		}
		hidden = false
		out.WriteByte(' ')
		out.WriteString(word)
		if out.Len() > longestCause {
			break
		}
	}
	return strings.TrimSpace(out.String())
}

func plain(word string) bool {
	if word == "" || len(word) > longestWord {
		return false
	}
	for i := range len(word) {
		c := word[i]
		if (c < 'a' || c > 'z') && c != '-' && c != '_' && c != '/' {
			return false
		}
	}
	return true
}
