package printout

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/document"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/pdf"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/sensitive"
)

// loadReceipt reads a receipt. It holds nothing of the member but that there
// is a request.
func loadReceipt(s *Service, tx *db.Tx, who access.Actor, t thing) (paper, error) {
	r, err := s.Priorauth.ReceiptIn(tx, who, t.number)
	if err != nil {
		return paper{}, err
	}
	_, err = disclosure.Write(tx, who, disclosure.Look{Member: r.Member, Subject: t.subject(Receipt), Fields: []access.Field{access.FieldRequests},
		Purpose: purpose(who), Outcome: disclosure.Shown})
	if err != nil {
		return paper{}, err
	}
	r, err = s.Priorauth.Signed(r)
	if err != nil {
		return paper{}, err
	}
	return paper{title: t.title, mark: true, write: func(w *pdf.Writer) { s.writeReceipt(w, r) }}, nil
}

func (s *Service) writeReceipt(w *pdf.Writer, r priorauth.Receipt) {
	w.Heading(1, "Request received")
	w.Facts([][2]string{
		{"Authorization number", string(r.Number)}, {"Received", s.at(r.Received)},
		{"Plan must answer by", s.at(r.Deadline.Limit)}, {"Rule", r.Deadline.Rule.Name + " (" + r.Deadline.Rule.Citation + ")"},
	})
	w.Heading(2, "The receipt’s signature")
	w.Para("With it the plan cannot deny that it has the request. The digest is that of the entry in the official record.")
	w.Mono(r.Digest)
	for line := range strings.SplitSeq(strings.TrimSpace(r.Signed), "\n") {
		w.Mono(line)
	}
}

// loadEligibility reads the sheet of a day as the member's page shows it.
func loadEligibility(s *Service, tx *db.Tx, who access.Actor, t thing) (paper, error) {
	sheet, err := s.Coverage.SheetFor(tx, who, t.member, t.subject(Eligibility), coverage.Ask{On: t.on, Purpose: t.purpose, Shows: []access.Field{
		access.FieldName, access.FieldBirth, access.FieldMemberID, access.FieldPlan, access.FieldCoverage, access.FieldPCP, access.FieldCopays,
		access.FieldSpent, access.FieldOther, access.FieldNeeded}})
	if fault.Is(err, fault.Invalid) { // before the birth
		return paper{}, errNone
	}
	if err != nil {
		return paper{}, err
	}
	return paper{title: t.title, mark: true, write: func(w *pdf.Writer) { s.writeEligibility(w, sheet) }}, nil
}

func (s *Service) writeEligibility(w *pdf.Writer, e coverage.Sheet) {
	w.Heading(1, "Eligibility on "+day(e.On))
	standing := "Not covered on this day"
	switch {
	case !e.Shows(access.FieldCoverage):
		standing = "Not shown to the role of whoever printed this"
	case e.Covered:
		standing = "Covered, " + span(e.Span.From, e.Span.To)
	case e.Last != nil:
		standing += "; coverage ended on " + day(e.Last.To)
	case e.Next != nil:
		standing += "; coverage begins on " + day(e.Next.From)
	}
	facts := [][2]string{{"Member", e.Member.Name()}, {"Member ID", e.Member.Number}}
	if !e.Member.Birth.IsZero() {
		facts = append(facts, [2]string{"Date of birth", day(e.Member.Birth)})
	}
	facts = append(facts, [2]string{"Coverage", standing})
	if e.Covered {
		facts = append(facts, notEmpty("Plan", e.Plan.Name), notEmpty("Contract", e.Plan.Contract), notEmpty("Group", e.Span.Group))
	}
	if e.PCP.NPI != "" {
		facts = append(facts, [2]string{"Primary care provider", joined("\n", e.PCP.Name, "NPI "+string(e.PCP.NPI), e.PCP.OrgName, e.PCP.Phone)})
	}
	w.Facts(facts)
	writeBenefits(w, e)
	writeSpent(w, e)
	writeOther(w, e)
	w.Para("Eligibility is what the plan knew when this was printed. It is no promise of payment.")
}

// writeBenefits adds what services cost and which need an authorization.
func writeBenefits(w *pdf.Writer, e coverage.Sheet) {
	rows := make([][]string, 0, len(e.Copays))
	for _, c := range e.Copays {
		rows = append(rows, []string{c.Service, c.Pays(), c.Needed.Words(), joined(". ", c.Text, c.NeededNote)})
	}
	if len(rows) > 0 {
		w.Heading(2, "What the member pays")
		w.Table("What the member pays and what needs an authorization, by service", []string{"Service", "Member pays", "Authorization needed", "Note"}, rows, []float64{4, 2, 2, 4})
	}
}

// writeSpent adds what is used of the year's limits.
func writeSpent(w *pdf.Writer, e coverage.Sheet) {
	var facts [][2]string
	for _, s := range e.Spent {
		text := coverage.Dollars(s.Of) + " a year; what is used is not known here"
		if s.Known {
			text = "used " + coverage.Dollars(s.Cents)
			if s.Of >= 0 {
				text += " of " + coverage.Dollars(s.Of)
			}
			text += ", as of " + day(s.AsOf)
		}
		facts = append(facts, [2]string{s.Kind.Words(), text})
	}
	if len(facts) > 0 {
		w.Heading(2, "Deductible and out-of-pocket")
		w.Facts(facts)
	}
}

// writeOther adds insurance beside the plan's.
func writeOther(w *pdf.Writer, e coverage.Sheet) {
	var facts [][2]string
	for _, o := range e.Other {
		text := joined(", ", o.Payer, o.Kind)
		if !o.From.IsZero() {
			text += ", " + span(o.From, o.To)
		}
		facts = append(facts, [2]string{o.Pays.Words(), text})
	}
	if len(facts) > 0 {
		w.Heading(2, "Other coverage")
		w.Facts(facts)
	}
}

// notEmpty is a row that is left out where it has no value.
func notEmpty(label, value string) [2]string {
	if value == "" {
		return [2]string{}
	}
	return [2]string{label, value}
}

func span(from, to civil.Date) string {
	text := "since " + day(from)
	if !to.IsZero() {
		text += ", until " + day(to)
	}
	return text
}

// pages is a document that was unpacked.
type pages []*pdf.Picture

// openDocument unpacks a document, before anything is counted or written: what
// cannot carry the mark of a copy is refused here.
func openDocument(ctx context.Context, s *Service, who access.Actor, ref string) (any, error) {
	var d document.Document
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		var err error
		d, err = document.Find(tx, who, id.Document(ref))
		return err
	})
	if err != nil {
		return nil, err
	}
	body, err := s.Documents.Bytes(ctx, d)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(body, document.MaxBytes+1))
	err = errors.Join(err, body.Close())
	if err != nil {
		return nil, err
	}
	var p pages
	if d.Type == "application/pdf" {
		p, err = pdf.ReadPages(data)
	} else {
		p, err = pdf.ReadImage(d.Type, data)
	}
	switch {
	case errors.Is(err, pdf.ErrLocked):
		return nil, cannot("This PDF is encrypted, so the mark of a copy cannot be put on its pages.")
	case errors.Is(err, pdf.ErrTooLarge):
		return nil, cannot("This document has more pages or larger pictures than can be marked as a copy.")
	case errors.Is(err, pdf.ErrUnreadable):
		return nil, cannot("This document is made in a way, or damaged, so that the mark of a copy cannot be put on its pages.")
	}
	return p, err
}

// loadDocument writes down that the whole document is shown.
func loadDocument(s *Service, tx *db.Tx, who access.Actor, t thing) (paper, error) {
	p, _ := t.ready.(pages)
	err := document.Shown(tx, who, t.doc.ID, t.subject(Document))
	if err != nil {
		return paper{}, err
	}
	notice, err := noticeOf(tx, t.doc)
	if err != nil {
		return paper{}, err
	}
	wide := 0
	for _, pic := range p {
		if pic.Wide() {
			wide++
		}
	}
	return paper{title: t.title, notice: notice, wide: 2*wide > len(p), write: func(w *pdf.Writer) { s.writeDocument(w, t.doc, p) }}, nil
}

// noticeOf gives the notice of the request that a document was sent with.
func noticeOf(tx *db.Tx, d document.Document) (string, error) {
	request, err := document.SentWith(tx, d)
	if err != nil || request == "" {
		return "", err
	}
	protected, err := priorauth.Protected(tx, request)
	if err != nil {
		return "", err
	}
	return sensitive.Notice(protected), nil
}

func (s *Service) writeDocument(w *pdf.Writer, d document.Document, p pages) {
	for i, pic := range p {
		w.Draw(pic, "Page "+strconv.Itoa(i+1)+" of "+strconv.Itoa(len(p))+" of the document “"+d.Name+"”, as it was received. It is shown as a picture.")
	}
}
