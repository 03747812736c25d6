// Package member keeps the people that the plan covers. It promises that
// nobody's information leaves it without an actor, a purpose and a row in the
// disclosure ledger written in the same transaction, and that an office is
// given only members it has a live tie with: they are its panel's, it has sent
// a request or a claim for them, or somebody there has stated that they are
// being seen (A-02, clause 1 of the agreement). There is no browsing and no
// partial match.
//
// Every function that reads joins the caller's transaction. One that finds
// nothing answers fault.NotFound and writes nothing, since the caller's
// transaction ends with it: the service that asked writes the fruitless look
// down in a transaction of its own, and Refused tells it of which kind it was.
//
// A Member prints as [member] wherever it is logged, formatted or encoded.
package member

import (
	"log/slog"
	"slices"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/id"
)

// Member is a person the plan covers. Facts that the reader may not be shown
// are empty (P-01, 45 CFR 164.514(d)(2)).
type Member struct {
	ID           id.Member
	Number       string // the member ID on the card
	Subscriber   string // the number the family shares; the member's own for a subscriber
	Relationship string // to the subscriber: "self", "spouse", "child", "other", or nothing
	First        string
	Middle       string
	Last         string
	Suffix       string
	Birth        civil.Date
	Gender       string // "female", "male", "other", or nothing
	Street       string
	City         string
	State        string
	Zip          string
	Phone        string
	Language     string
	Medicare     string        // the Medicare number, as code.ParseMBI gives it; or nothing
	Shown        id.Disclosure // the row of the ledger under which these facts were shown
}

const masked = "[member]"

// Name gives "First Middle Last Suffix".
func (m Member) Name() string {
	return strings.Join(strings.Fields(m.First+" "+m.Middle+" "+m.Last+" "+m.Suffix), " ")
}

// String keeps member data out of formatted text.
func (m Member) String() string { return masked }

// GoString keeps member data out of text formatted with %#v.
func (m Member) GoString() string { return masked }

// LogValue keeps member data out of logs.
func (m Member) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalText keeps member data out of JSON: a door writes the facts it shows
// one by one.
func (m Member) MarshalText() ([]byte, error) { return []byte(masked), nil }

// Key is what a person types to find exactly one member: a number from one of
// the member's cards, or the last name, with the birth date. Whatever
// else is typed must fit as well.
type Key struct {
	Number string // the member ID or, where it has that shape, the Medicare number
	Last   string // also "Last, First"
	First  string // narrows: twins share the rest
	Birth  civil.Date
}

// String keeps what was typed out of formatted text.
func (k Key) String() string { return "[" + k.kind() + "]" }

// GoString keeps what was typed out of text formatted with %#v.
func (k Key) GoString() string { return k.String() }

// LogValue keeps what was typed out of logs.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText keeps what was typed out of JSON.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Kind says which kind of key this is, in the words of the ledger. It never
// repeats what was typed.
func (k Key) Kind() string { return k.kind() }

func (k Key) kind() string {
	words := []string{}
	_, noMedicare := code.ParseMBI(k.Number)
	switch {
	case FoldNumber(k.Number) == "":
	case noMedicare == nil:
		words = append(words, "medicare number")
	default:
		words = append(words, "member id")
	}
	if Fold(k.Last) != "" || Fold(k.First) != "" {
		words = append(words, "name")
	}
	if !k.Birth.IsZero() {
		words = append(words, "birth date")
	}
	if len(words) == 0 {
		return "no key"
	}
	return strings.Join(words, " and ")
}

// Folded gives the same text for keys that differ in spelling only. It holds
// what was typed: it is to compare, not to keep.
func (k Key) Folded() string {
	number := FoldNumber(k.Number)
	if mbi, err := code.ParseMBI(k.Number); err == nil {
		number = string(mbi)
	}
	return strings.Join([]string{number, Fold(k.Last), Fold(k.First), k.Birth.String()}, "|")
}

// Facts gives the facts that a look-up by the key confirms.
func (k Key) Facts() []access.Field {
	out := []access.Field{}
	kind := k.kind()
	for word, f := range map[string]access.Field{"name": access.FieldName, "birth date": access.FieldBirth, "member id": access.FieldMemberID, "medicare number": access.FieldMedicare} {
		if strings.Contains(kind, word) {
			out = append(out, f)
		}
	}
	return out
}

// own are the facts about a member that this package keeps itself.
func own() []access.Field {
	return []access.Field{
		access.FieldName, access.FieldBirth, access.FieldMemberID, access.FieldGender,
		access.FieldAddress, access.FieldPhone, access.FieldLanguage,
	}
}

// onlyFor empties what fields does not allow.
func (m Member) onlyFor(fields []access.Field) Member {
	out := Member{ID: m.ID}
	for _, f := range fields {
		switch f {
		case access.FieldName:
			out.First, out.Middle, out.Last, out.Suffix = m.First, m.Middle, m.Last, m.Suffix
		case access.FieldBirth:
			out.Birth = m.Birth
		case access.FieldMemberID:
			out.Number, out.Subscriber, out.Relationship = m.Number, m.Subscriber, m.Relationship
		case access.FieldGender:
			out.Gender = m.Gender
		case access.FieldAddress:
			out.Street, out.City, out.State, out.Zip = m.Street, m.City, m.State, m.Zip
		case access.FieldPhone:
			out.Phone = m.Phone
		case access.FieldLanguage:
			out.Language = m.Language
		case access.FieldMedicare:
			out.Medicare = m.Medicare
		case access.FieldPlan, access.FieldCoverage, access.FieldPCP, access.FieldCopays, access.FieldRequests, access.FieldSpent,
			access.FieldOther, access.FieldNeeded, access.FieldClaims, access.FieldAmounts:
		}
	}
	return out
}

// among gives the fields of a that are in b, in a's order.
func among(a, b []access.Field) []access.Field {
	var out []access.Field
	for _, f := range a {
		if slices.Contains(b, f) {
			out = append(out, f)
		}
	}
	return out
}
