package printout

import (
	"strconv"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/document"
	"hsconnect/internal/message"
	"hsconnect/internal/pdf"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/review"
)

// loadCase reads a request as its page shows it, and notes the facts about the
// member that stand on it.
func loadCase(s *Service, tx *db.Tx, who access.Actor, t thing) (paper, error) {
	k, err := s.Priorauth.CaseFor(tx, who, t.number, t.subject(Case), access.FieldName, access.FieldMemberID, access.FieldRequests)
	if err != nil {
		return paper{}, err
	}
	return paper{title: t.title, notice: k.Notice, mark: true, write: func(w *pdf.Writer) { s.writeCase(w, k, who.Side, k.Notice) }}, nil
}

func (s *Service) writeCase(w *pdf.Writer, k priorauth.Case, side access.Side, notice string) {
	w.Heading(1, "Authorization "+string(k.Number))
	if notice != "" {
		w.Para(notice)
	}
	w.Facts([][2]string{
		{"Member", k.Member.Name()}, {"Member ID", k.Member.Number}, {"Status", k.Status.Words(side)},
		{"What is asked for", capital(string(k.Kind)) + ", " + string(k.Urgency)},
		{"Received", s.at(k.Received)}, {"Plan must answer by", s.at(k.Deadline.Limit) + " (" + k.Deadline.Rule.Name + ", " + k.Deadline.Rule.Citation + ")"},
		{"Decided", s.decided(k)},
	})
	s.writeLines(w, k, side)
	w.Heading(2, "The request as submitted")
	w.Facts(submitted(k))
	s.writeThread(w, k.Thread)
	s.writeDocuments(w, k.Documents)
	w.Heading(2, "Timeline")
	rows := make([][]string, 0, len(k.Timeline))
	for _, e := range k.Timeline {
		rows = append(rows, []string{s.brief(e.At), e.What, e.Name})
	}
	w.Table("Steps of the request, the first one first", []string{"When", "What", "Who"}, rows, []float64{3.4, 5, 3})
}

func (s *Service) decided(k priorauth.Case) string {
	if k.Determination == nil {
		return "not yet"
	}
	return s.at(k.Determination.At) + ", by " + k.Determination.ByName
}

func (s *Service) writeLines(w *pdf.Writer, k priorauth.Case, side access.Side) {
	w.Heading(2, "Services")
	rows := make([][]string, 0, len(k.Lines))
	for _, l := range k.Lines {
		what := l.Name
		if detail := l.Line.Detail(); detail != "" {
			what += "\n" + detail
		}
		state, authorized := k.Status.Words(side), "not yet"
		if d := l.Decision; d != nil {
			state, authorized = decision(l)
		}
		rows = append(rows, []string{strconv.Itoa(l.No), l.Code, what, amount(l.Units, l.UnitKind, l.From, l.To), authorized, state})
	}
	w.Table("Service lines, requested and authorized", []string{"Line", "Code", "Service", "Requested", "Authorized", "Status"}, rows, []float64{1, 1.7, 4.6, 3.8, 3.8, 2.6})
	for _, l := range k.Lines {
		d := l.Decision
		if d == nil || !d.Adverse(l.Line) {
			continue
		}
		w.Heading(3, "Line "+strconv.Itoa(l.No)+": why not all of it")
		w.Facts([][2]string{
			{"Reason", review.ReasonName(d.Reason)}, {"Criterion", d.Criterion}, {"In the reviewer’s words", d.Narrative}, {"What was read", k.Read()},
			{"Decided by", k.Determination.ByName}, {"What can be done", "A reconsideration may be asked for within 65 days of the notice (42 CFR 422.582(b))."},
		})
	}
}

func decision(l priorauth.CaseLine) (state, authorized string) {
	d := l.Decision
	switch {
	case d.Action == priorauth.Deny:
		return "Denied", "none"
	case d.Adverse(l.Line):
		return "Partly approved", amount(d.Units, l.UnitKind, d.From, d.To)
	}
	return "Approved", amount(d.Units, l.UnitKind, d.From, d.To)
}

// amount says how much and when, on two lines.
func amount(units int64, kind priorauth.UnitKind, from, to civil.Date) string {
	much, when := priorauth.Amount(units, kind, from, to)
	return much + "\n" + when
}

func submitted(k priorauth.Case) [][2]string {
	facts := [][2]string{}
	add := func(label, value string) {
		if value != "" {
			facts = append(facts, [2]string{label, value})
		}
	}
	statement := k.Statement
	if statement != "" && k.StatementBy != "" {
		statement += "\n" + k.StatementBy
	}
	add("Physician’s statement", statement)
	if !k.AdmitOn.IsZero() {
		add("Date of admission", day(k.AdmitOn))
	}
	add("Requesting provider", joined("\n", k.Requesting.Name, "NPI "+string(k.Requesting.NPI), k.Requesting.Specialty, k.Requesting.OrgName))
	add("Servicing provider", joined("\n", k.Servicing.Name, "NPI "+string(k.Servicing.NPI), k.Servicing.Specialty, k.Servicing.OrgName))
	for i, d := range k.Diagnoses {
		label := "Principal diagnosis"
		if i > 0 {
			label = "Diagnosis " + strconv.Itoa(i+1)
		}
		add(label, joined(" ", d.Code, d.Name))
	}
	add("Clinical notes", k.Notes)
	add("Contact", joined(", ", k.ContactName, k.ContactPhone))
	add("Submitted by", joined(", ", k.SubmittedBy, k.OrgName))
	add("Record entry", k.Digest)
	return facts
}

// joined puts what is not empty together; the first part goes on a line of its
// own where sep is a line feed.
func joined(sep string, parts ...string) string {
	var have []string
	for _, p := range parts {
		if p != "" && p != "NPI " {
			have = append(have, p)
		}
	}
	if sep == "\n" && len(have) > 1 {
		return have[0] + "\n" + strings.Join(have[1:], " · ")
	}
	return strings.Join(have, sep)
}

// writeThread prints what office and plan wrote to each other. What the plan's
// staff note among themselves is not for paper.
func (s *Service) writeThread(w *pdf.Writer, thread []message.Message) {
	begun := false
	for _, m := range thread {
		if m.Kind == message.Internal {
			continue
		}
		if !begun {
			w.Heading(2, "Messages")
			begun = true
		}
		from := "the plan"
		if m.Side == access.Office {
			from = "the office"
		}
		w.Heading(3, m.Name+", "+from+", "+s.at(m.At))
		w.Para(m.Body)
	}
}

func (s *Service) writeDocuments(w *pdf.Writer, docs []document.Document) {
	if len(docs) == 0 {
		return
	}
	w.Heading(2, "Documents")
	rows := make([][]string, 0, len(docs))
	for _, d := range docs {
		opened := "not yet"
		if !d.OpenedAt.IsZero() {
			opened = s.brief(d.OpenedAt)
		}
		rows = append(rows, []string{joined("\n", d.Name, d.Kind), docType(d), s.brief(d.ReceivedAt) + "\n" + d.ByName, opened})
	}
	w.Table("Documents of the request; each has a copy of its own", []string{"Name", "Type", "Received", "Opened by the plan"}, rows, []float64{4, 2, 3.6, 3.6})
}

func docType(d document.Document) string {
	switch d.Pages {
	case 0:
		return d.TypeName()
	case 1:
		return d.TypeName() + ", 1 page"
	}
	return d.TypeName() + ", " + strconv.Itoa(d.Pages) + " pages"
}

func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
