// Package edi is the door for X12 files: it turns what x12 reads into what the
// domain takes, and decides nothing. It promises that every segment that is
// refused is named with its place.
package edi

import (
	"bytes"
	"errors"
	"io"

	"hsconnect/internal/civil"
	"hsconnect/internal/coverage"
	"hsconnect/internal/x12"
)

// MembersFeed looks at the first bytes of a file and gives the reader for it:
// X12 834 when it begins like an interchange, else CSV.
func MembersFeed(open func() (io.ReadCloser, error)) (coverage.Feed, error) {
	f, err := open()
	if err != nil {
		return nil, err
	}
	head := make([]byte, 64)
	n, err := io.ReadFull(f, head)
	closed := f.Close()
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if closed != nil {
		return nil, closed
	}
	head = bytes.TrimPrefix(head[:n], []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("ISA")) {
		return Members834, nil
	}
	return coverage.CSV, nil
}

// Members834 reads enrollment from X12 834 (005010X220A1). It is a
// coverage.Feed.
func Members834(r io.Reader, emit func(coverage.Enrollment) error) error {
	_, err := x12.Read834(r, x12.Options834{}, func(e x12.Enrollment834) error { return emit(enrollment(&e)) })
	var bad *x12.Error
	if errors.As(err, &bad) {
		at := coverage.Place{Segment: bad.Segment, Line: bad.Line, Tag: bad.Tag}
		return &coverage.Unreadable{Refusal: coverage.Refusal{Where: at.String(), Reason: bad.Text}}
	}
	return err
}

// enrollment maps one INS loop.
func enrollment(e *x12.Enrollment834) coverage.Enrollment {
	out := coverage.Enrollment{
		At:     coverage.Place{Segment: e.Position.Segment, Line: e.Position.Line, Tag: "INS"},
		Change: change(e.Maintenance), Number: number(e), Subscriber: e.SubscriberID, Relationship: relationship(e.Relationship),
		Last: e.Name.Last, First: e.Name.First, Middle: e.Name.Middle, Suffix: e.Name.Suffix, Birth: date(e.Birth), Gender: gender(e.Gender),
		Street: join(e.Home.Lines[0], e.Home.Lines[1]), City: e.Home.City, State: e.Home.State, Zip: e.Home.PostalCode, Group: e.Group,
		From: date(e.EligibilityBegin), To: date(e.EligibilityEnd),
	}
	for _, c := range e.Contacts {
		if out.Phone == "" && (c.Kind == "HP" || c.Kind == "TE" || c.Kind == "CP") {
			out.Phone = c.Value
		}
	}
	for _, l := range e.Languages {
		if out.Language == "" {
			out.Language = join(l.Code, l.Text)
		}
	}
	for i := range e.Coverages {
		c := &e.Coverages[i]
		out.Spans = append(out.Spans, span(c))
		if pcp, ok := c.PCP(); ok && pcp.IDQualifier == "XX" && out.PCP == "" {
			out.PCP = pcp.ID
		}
	}
	for _, p := range e.Problems {
		at := coverage.Place{Segment: p.Segment, Line: p.Line, Tag: p.Tag}
		out.Problems = append(out.Problems, coverage.Refusal{Where: at.String(), Reason: p.Text})
	}
	return out
}

func span(c *x12.Coverage834) coverage.Statement {
	return coverage.Statement{
		At:     coverage.Place{Segment: c.Position.Segment, Line: c.Position.Line, Tag: "HD"},
		Change: spanChange(c.Maintenance), Line: line(c.Line), Plan: plan(c), From: date(c.Begin), To: date(c.End),
	}
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

func change(maintenance string) coverage.Change {
	switch maintenance {
	case "021", "030", "032":
		return coverage.Add
	case "024", "002":
		return coverage.End
	case "025":
		return coverage.Reinstate
	case "001":
		return coverage.Alter
	}
	return coverage.Change(maintenance) // the domain refuses what it does not know
}

func spanChange(maintenance string) coverage.Change {
	if maintenance == "002" {
		return coverage.Void
	}
	return change(maintenance)
}

// line maps the insurance line of HD03. Medical products carry many codes;
// what is not one of the others is medical.
func line(hd03 string) coverage.Line {
	switch hd03 {
	case "DEN", "DCP":
		return coverage.Dental
	case "VIS":
		return coverage.Vision
	case "PDG", "MOD":
		return coverage.Drug
	case "AG", "AH", "AJ", "AK", "EPO", "EXM", "HLT", "HMO", "MM", "POS", "PPO", "FAC", "HE", "PRA", "UR":
		return coverage.Medical
	}
	return coverage.Other
}

// plan names the plan by HD04, else by the kind of product.
func plan(c *x12.Coverage834) string {
	if c.Plan != "" {
		return c.Plan
	}
	return c.Line
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
