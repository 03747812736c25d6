// Package edi is the door for X12 files: it turns what x12 reads into what the
// domain takes, and decides nothing. It promises that every segment that is
// refused is named with its place, and that no social security number becomes
// a member number.
package edi

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"hsconnect/internal/civil"
	"hsconnect/internal/coverage"
	"hsconnect/internal/x12"
)

// MembersFeed looks at the first bytes of a file and gives the reader for it:
// X12 834 when it begins like an interchange, NDJSON when with an object, else
// CSV.
func MembersFeed(open func() (io.ReadCloser, error)) (coverage.Feed, error) {
	begins, err := beginning(open)
	switch {
	case err != nil:
		return nil, err
	case begins == interchange:
		return Members834, nil
	case strings.HasPrefix(begins, "{"):
		return coverage.NDJSON, nil
	}
	return coverage.CSV, nil
}

// interchange is how an X12 file begins.
const interchange = "ISA"

// beginning gives the first three bytes of a file, behind a byte order mark
// and blanks.
func beginning(open func() (io.ReadCloser, error)) (string, error) {
	f, err := open()
	if err != nil {
		return "", err
	}
	head := make([]byte, 64)
	n, err := io.ReadFull(f, head)
	closed := f.Close()
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return "", err
	}
	if closed != nil {
		return "", closed
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head[:n], []byte("\xef\xbb\xbf")), " \t\r\n")
	return string(head[:min(len(head), 3)]), nil
}

// Members834 reads enrollment from X12 834 (005010X220A1). It is a
// coverage.Feed.
func Members834(r io.Reader, emit func(coverage.Enrollment) error) error {
	_, err := x12.Read834(r, x12.Options834{}, func(e x12.Enrollment834) error {
		out := enrollment(&e)
		var ok bool
		out.Mode, ok = actions()[e.Header.Action]
		if !ok {
			return &coverage.Unreadable{Refusal: coverage.Refusal{Where: place(e.Header.Position, "ST").String(),
				Reason: "the action of the transaction (BGN08) is none that an enrollment has here: expected 2 (changes), 4 (to verify) or RX (to replace)"}}
		}
		return emit(out)
	})
	return unreadable(err)
}

// actions says what BGN08 makes of a whole file.
func actions() map[string]coverage.Mode {
	return map[string]coverage.Mode{"2": coverage.Changes, "4": coverage.Verify, "RX": coverage.Replace}
}

// fileDate is the day from which a transaction holds: its effective date where
// it has one, else the day on which it was made.
func fileDate(h *x12.Header834) civil.Date {
	if d := date(h.Effective); !d.IsZero() {
		return d
	}
	return date(h.Created)
}

// enrollment maps one INS loop.
func enrollment(e *x12.Enrollment834) coverage.Enrollment {
	out := coverage.Enrollment{
		At: place(e.Position, "INS"), Number: number(e), Subscriber: e.SubscriberID, Relationship: relationship(e.Relationship),
		Last: e.Name.Last, First: e.Name.First, Middle: e.Name.Middle, Suffix: e.Name.Suffix, Birth: date(e.Birth), Gender: gender(e.Gender),
		Street: join(e.Home.Lines[0], e.Home.Lines[1]), City: e.Home.City, State: e.Home.State, Zip: e.Home.PostalCode, Group: e.Group,
		Phone: phone(e.Contacts), Language: language(e.Languages), From: date(e.EligibilityBegin), To: date(e.EligibilityEnd), Medicare: e.Identifier("F6"),
		FileDate: fileDate(e.Header),
	}
	refuse := func(at coverage.Place, reason string) {
		out.Problems = append(out.Problems, coverage.Refusal{Where: at.String(), Reason: reason})
	}
	for _, p := range e.Problems {
		refuse(coverage.Place{Segment: p.Segment, Line: p.Line, Tag: p.Tag}, p.Text)
	}
	var ok bool
	out.Change, ok = change(e.Maintenance)
	if !ok {
		refuse(out.At, "the maintenance type (INS03) is none that an enrollment has here: expected 001, 021, 024, 025 or 030")
	}
	if isSSN(e, out.Number) || isSSN(e, out.Subscriber) {
		refuse(out.At, "the only number of the member (REF*0F or REF*17) is the social security number of NM109, which is not used as a member number: send the plan's own number")
	}
	for i := range e.Coverages {
		c := &e.Coverages[i]
		if c.Maintenance == noneOfOwn {
			continue
		}
		st, ok := statement(c)
		if !ok {
			refuse(st.At, "the maintenance type (HD01) is none that a coverage has here: expected 001, 002, 021, 024, 025, 026, 030 or 032")
			continue
		}
		out.Spans = append(out.Spans, st)
		if pcp, ok := c.PCP(); ok && pcp.IDQualifier == "XX" && out.PCP == "" {
			out.PCP = pcp.ID // the payer's own number (SV) names nobody in our directory
			out.PCPFrom = date(pcp.Effective)
		}
		for j := range c.Others {
			o, ok := other(c, &c.Others[j])
			if !ok {
				refuse(o.At, "the order of payment (COB01) is none that is known here: expected P, S, T or U")
				continue
			}
			out.Others = append(out.Others, o)
		}
	}
	return out
}

// noCoordination is the COB03 that says that a member has no other insurance.
const noCoordination = "6"

// other maps one COB loop. Insurance of a payer without a name is still worth
// a question to the member, so it is kept under these words.
func other(c *x12.Coverage834, o *x12.Other834) (coverage.OtherStatement, bool) {
	out := coverage.OtherStatement{At: place(o.Position, "COB")}
	pays, ok := map[string]coverage.Pays{"P": coverage.PaysFirst, "S": coverage.PaysSecond, "T": coverage.PaysThird, "U": coverage.PaysUnknown}[o.Sequence]
	if !ok || o.Coordination == noCoordination && o.Payer == "" {
		return out, ok
	}
	out.Payer, out.Pays, out.Kind, out.From, out.To = o.Payer, pays, string(line(c.Line)), date(o.Begin), date(o.End)
	if out.Payer == "" {
		out.Payer = "Insurance without a name"
	}
	return out, true
}

func place(p x12.Position, tag string) coverage.Place {
	return coverage.Place{Segment: p.Segment, Line: p.Line, Tag: tag}
}

func statement(c *x12.Coverage834) (coverage.Statement, bool) {
	st := coverage.Statement{At: place(c.Position, "HD"), Line: line(c.Line), Plan: c.Plan, Product: c.Line, From: date(c.Begin), To: date(c.End)}
	var ok bool
	st.Change, ok = spanChange(c.Maintenance)
	return st, ok
}

// number gives the member's own number: REF*17 where the sponsor sends it, else
// what NM109 holds when NM108 says that it is a member number, else for the
// subscriber the number the family shares. A social security number (NM108 of
// 34) is never taken for it.
func number(e *x12.Enrollment834) string {
	if n := e.Identifier("17"); n != "" {
		return n
	}
	if e.NameID.Value != "" && (e.NameID.Qualifier == "MI" || e.NameID.Qualifier == "ZZ" || e.NameID.Qualifier == "II") {
		return e.NameID.Value
	}
	if e.Subscriber {
		return e.SubscriberID
	}
	return ""
}

// isSSN reports whether a number is the one that the member's name segment
// calls a social security number.
func isSSN(e *x12.Enrollment834, number string) bool {
	return number != "" && e.NameID.Qualifier == "34" && digits(number) == digits(e.NameID.Value)
}

func digits(text string) string { return strings.NewReplacer("-", "", " ", "").Replace(text) }

func change(maintenance string) (coverage.Change, bool) {
	switch maintenance {
	case "021", "030":
		return coverage.Add, true
	case "024":
		return coverage.End, true
	case "025":
		return coverage.Reinstate, true
	case "001":
		return coverage.Alter, true
	}
	return "", false
}

// noneOfOwn is the HD01 of a subscriber who is named only for the dependents.
const noneOfOwn = "032"

func spanChange(maintenance string) (coverage.Change, bool) {
	switch maintenance {
	case "002":
		return coverage.Void, true
	case "026":
		return coverage.Alter, true
	}
	return change(maintenance)
}

// line maps the insurance line of HD03. Only what pays for medical services
// counts for eligibility here.
func line(hd03 string) coverage.Line {
	switch hd03 {
	case "DEN", "DCP":
		return coverage.Dental
	case "VIS":
		return coverage.Vision
	case "PDG":
		return coverage.Drug
	case "AG", "AH", "AJ", "AK", "EPO", "FAC", "HLT", "HMO", "MM", "POS", "PPO", "PRA":
		return coverage.Medical
	}
	return coverage.Other
}

func relationship(code string) string {
	switch code {
	case "18":
		return "self"
	case "01":
		return "spouse"
	case "19":
		return "child"
	case "":
		return ""
	}
	return "other"
}

func gender(code string) string {
	switch code {
	case "F":
		return "female"
	case "M":
		return "male"
	}
	return ""
}

// phone gives the number to reach the member at, at home before anywhere else.
func phone(contacts []x12.Contact) string {
	for _, kind := range []string{"HP", "TE", "CP", "WP"} {
		for _, c := range contacts {
			if c.Kind == kind {
				return c.Value
			}
		}
	}
	return ""
}

func language(languages []x12.Language) string {
	for _, l := range languages {
		if l.Text != "" {
			return l.Text
		}
		if l.Code != "" {
			return l.Code
		}
	}
	return ""
}

// date gives a day that x12 has already read, or the zero date.
func date(d x12.Date) civil.Date {
	if d == "" {
		return civil.Date{}
	}
	out, err := civil.Parse(string(d))
	if err != nil {
		return civil.Date{}
	}
	return out
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ", " + b
}
