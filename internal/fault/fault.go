// Package fault is the one error type that crosses packages. A fault has a
// kind, which each door turns into its own status, and a text that may be
// shown to the person who caused it. Everything that may not be shown (the
// cause) stays behind Unwrap for the log. Any other error is Internal: it
// shows nothing but a reference.
package fault

import (
	"errors"
	"strings"
)

// Kind says what went wrong in terms a door can translate.
type Kind int

// The kinds, in rising order of how little the caller can do about them.
const (
	Invalid         Kind = iota + 1 // the input is wrong; Problems say where
	Unauthenticated                 // nobody is signed in, or not far enough
	Forbidden                       // signed in, but not allowed
	NotFound                        // no such thing, or not for this caller: both look alike
	Conflict                        // somebody else changed it first, or the state does not allow it
	TooLarge                        // over a published limit
	TooMany                         // too often; later will do
	Unavailable                     // a part is down; trying again is right
	Internal                        // our defect; only a reference is shown
)

// String names the kind for logs and metrics.
func (k Kind) String() string {
	switch k {
	case Invalid:
		return "invalid"
	case Unauthenticated:
		return "unauthenticated"
	case Forbidden:
		return "forbidden"
	case NotFound:
		return "not found"
	case Conflict:
		return "conflict"
	case TooLarge:
		return "too large"
	case TooMany:
		return "too many"
	case Unavailable:
		return "unavailable"
	case Internal:
		return "internal"
	}
	return "unknown"
}

// Problem is one thing wrong with an input: where, as a domain path such as
// "lines[0].units", and what to do about it, as a sentence that may be shown.
// Neither carries the value that was typed.
type Problem struct {
	Path string
	Text string
}

// Error is a fault. Text and Problems may be shown to the caller.
type Error struct {
	Kind     Kind
	Text     string
	Problems []Problem
	cause    error
}

// Error implements error with the showable text only.
func (e *Error) Error() string {
	if len(e.Problems) == 0 {
		return e.Text
	}
	texts := make([]string, 0, len(e.Problems)+1)
	if e.Text != "" {
		texts = append(texts, e.Text)
	}
	for _, p := range e.Problems {
		texts = append(texts, p.Path+": "+p.Text)
	}
	return strings.Join(texts, "; ")
}

// Unwrap gives the cause, for logs only.
func (e *Error) Unwrap() error { return e.cause }

// New makes a fault with a text that may be shown.
func New(k Kind, text string) *Error { return &Error{Kind: k, Text: text} }

// Wrap makes a fault with a text that may be shown and a cause that may not.
func Wrap(k Kind, cause error, text string) *Error {
	return &Error{Kind: k, Text: text, cause: cause}
}

// Bad makes an Invalid fault from every problem found.
func Bad(problems ...Problem) *Error {
	return &Error{Kind: Invalid, Text: "Some entries need attention", Problems: problems}
}

// KindOf gives the kind of err: Internal for anything that is not a fault,
// and 0 for nil.
func KindOf(err error) Kind {
	if err == nil {
		return 0
	}
	var f *Error
	if errors.As(err, &f) {
		return f.Kind
	}
	return Internal
}

// Is reports whether err is a fault of kind k.
func Is(err error, k Kind) bool { return KindOf(err) == k }

// Problems gives the problems of an Invalid fault, or nil.
func Problems(err error) []Problem {
	var f *Error
	if errors.As(err, &f) {
		return f.Problems
	}
	return nil
}

// Text gives what may be shown of err. An error that is not a fault shows
// nothing of itself.
func Text(err error) string {
	var f *Error
	if errors.As(err, &f) && f.Kind != Internal {
		return f.Text
	}
	return "Something went wrong on our side"
}
