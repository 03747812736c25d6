package printout

import (
	"context"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/copies"
	"hsconnect/internal/db"
	"hsconnect/internal/document"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/pdf"
	"hsconnect/internal/priorauth"
)

// The kinds of thing that print, as they stand in the address.
const (
	Case        = "case"        // by authorization number
	Receipt     = "receipt"     // by authorization number
	Eligibility = "eligibility" // by EligibilityRef
	Document    = "document"    // by id
)

// kind is a row of the table of what can be printed.
type kind struct {
	name  string
	holds string            // what the copy shows, in a sentence that names no member
	may   access.Permission // what the thing's own page takes, beside the right to print
	side  access.Side       // whose page it is; 0 both
	// find gives the thing if it is for the asker, and shows nothing of it.
	find func(s *Service, tx *db.Tx, who access.Actor, ref string) (thing, error)
	// load reads what is printed, and writes down that it is shown: subject
	// "print/<kind>/<ref>", with exactly the facts printed.
	load func(s *Service, tx *db.Tx, who access.Actor, t thing) (paper, error)
	// ready does what is slow, outside of any transaction; nil for most.
	ready func(ctx context.Context, s *Service, who access.Actor, ref string) (any, error)
}

// thing is what a copy is of.
type thing struct {
	ref     string // the thing's own id; of an eligibility with the day
	title   string // names no member
	about   string // subject of the official record; empty: none of the thing's own
	number  id.Number
	member  id.Member
	on      civil.Date
	purpose access.Purpose // what an office says an eligibility is for; empty: what goes without saying
	doc     document.Document
	ready   any
}

// counted names the thing where its copies are counted. Eligibility is asked
// for by the day, but a copy a day would be no limit: it is counted by member
// and month.
func (t thing) counted() string {
	if t.member == "" {
		return t.ref
	}
	return CountedAs(t.member, t.on)
}

// CountedAs names a member's eligibility on a day where its copies are counted.
func CountedAs(m id.Member, on civil.Date) string {
	return string(m) + "." + on.String()[:len("2006-01")]
}

func (t thing) subject(kind string) string { return "print/" + kind + "/" + t.ref }

// paper is what is printed.
type paper struct {
	title  string
	notice string // against redisclosure; empty for what is not labelled
	wide   bool   // the sheet lies on its long side
	mark   bool   // a last part says what this copy is and how to check it
	write  func(w *pdf.Writer)
}

// kinds is the table.
func kinds() []kind {
	return []kind{
		{
			name: Case, may: access.ViewRequests,
			holds: "The request as submitted, its services with what was decided and why, messages, the list of documents and the timeline.",
			find:  findCase, load: loadCase,
		},
		{
			name: Receipt, may: access.ViewRequests, side: access.Office,
			holds: "The number, when the request was received, when the answer is due and by which rule, and the plan’s signature.",
			find:  findReceipt, load: loadReceipt,
		},
		{
			name: Eligibility, may: access.LookUpMember,
			holds: "Name, birth date and member ID, whether the member is covered on the day and by which plan, the primary care provider, what the member pays and has used, which services need an authorization, and other coverage. Its copies are counted for each member and month.",
			find:  findEligibility, load: loadEligibility,
		},
		{
			name: Document, may: access.ReadDocuments,
			holds: "Every page of the document as it was received, with the mark of the copy on it.",
			find:  findDocument, load: loadDocument, ready: openDocument,
		},
	}
}

// kind gives a row of the table to somebody who may print what it is of.
func (s *Service) kind(who access.Actor, name string) (kind, error) {
	err := who.May(access.PrintCopy)
	if err != nil {
		return kind{}, err
	}
	for _, k := range kinds() {
		if k.name != name || k.side != 0 && k.side != who.Side {
			continue
		}
		return k, who.May(k.may)
	}
	return kind{}, errNone
}

// EligibilityRef names a member's eligibility on a day in an address.
func EligibilityRef(m id.Member, on civil.Date) string { return string(m) + "." + on.String() }

// ReadEligibilityRef gives what such a name says, and whether it is one.
func ReadEligibilityRef(ref string) (m id.Member, on civil.Date, ok bool) {
	text, rest, ok := strings.Cut(ref, ".")
	m, err := id.Parse[id.Member](text)
	if err != nil || !ok {
		return "", civil.Date{}, false
	}
	on, err = civil.Parse(rest)
	return m, on, err == nil
}

func findCase(_ *Service, tx *db.Tx, who access.Actor, ref string) (thing, error) {
	return findRequest(tx, who, ref, "Authorization ")
}

func findReceipt(_ *Service, tx *db.Tx, who access.Actor, ref string) (thing, error) {
	return findRequest(tx, who, ref, "Receipt of authorization ")
}

func findRequest(tx *db.Tx, who access.Actor, ref, words string) (thing, error) {
	number, err := id.ParseNumber(ref)
	if err != nil {
		return thing{}, errNone
	}
	request, err := priorauth.Seen(tx, who, number)
	if err != nil {
		return thing{}, err
	}
	return thing{ref: string(request), title: words + string(number), about: "request/" + string(request), number: number}, nil
}

func findEligibility(s *Service, tx *db.Tx, who access.Actor, ref string) (thing, error) {
	m, on, ok := ReadEligibilityRef(ref)
	if !ok {
		return thing{}, errNone
	}
	err := s.Coverage.InWindow(tx, on)
	if err != nil {
		return thing{}, errNone
	}
	err = member.Admit(tx, who, m)
	if err != nil {
		return thing{}, err
	}
	return thing{ref: EligibilityRef(m, on), title: "Eligibility on " + day(on), member: m, on: on}, nil
}

func findDocument(s *Service, tx *db.Tx, who access.Actor, ref string) (thing, error) {
	d, err := document.Find(tx, who, id.Document(ref))
	if err != nil {
		return thing{}, err
	}
	return thing{ref: string(d.ID), title: "Document received on " + day(civil.Of(d.ReceivedAt, s.Zone)), doc: d}, nil
}

// ofPlan reports whether a copy is the plan's own.
func ofPlan(c copies.Copy) bool { return c.Side == access.Plan }

// cannot is the answer for a document that cannot carry the mark of a copy.
func cannot(text string) error {
	return fault.New(fault.Conflict, text+" Nothing was counted. You can read it on the screen, or ask the office that sent it")
}
