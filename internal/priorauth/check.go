package priorauth

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/codeset"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/message"
	"hsconnect/internal/provider"
)

// How far from today a service may begin. Services already given are a matter
// for the claim, except an emergency admission, of which the plan is told
// after the fact. These are the plan's own rules, not law.
const (
	maxDaysAhead     = 366
	maxAdmissionBack = 7
	maxSpanDays      = 366
)

// minStatement is the shortest statement that can say why standard time would harm.
const minStatement = 20

// problems collects what is wrong with a submission, with domain paths.
type problems []fault.Problem

func (p *problems) add(path, text string) {
	*p = append(*p, fault.Problem{Path: path, Text: text})
}

// text cleans s, reports it at path when it is missing or over limit
// characters, and gives it as it is kept.
func (p *problems) text(path, s string, limit int, missing string) string {
	clean, bad := message.Clean(path, s)
	switch {
	case bad != nil:
		*p = append(*p, *bad)
	case clean == "" && missing != "":
		p.add(path, missing)
	case utf8.RuneCountInString(clean) > limit:
		p.add(path, fmt.Sprintf("Is longer than %d characters. Shorten it, or attach it as a document", limit))
	}
	return clean
}

// tidy gives the submission as it is kept and every problem that can be seen
// without the database.
func (s Submission) tidy(today civil.Date) (Submission, problems) {
	var p problems
	switch s.Kind {
	case Outpatient, Inpatient, Referral:
	default:
		p.add("kind", "Choose what is asked for")
	}
	s.tidyUrgency(&p)
	s.tidyParties(&p)
	s.tidyDiagnoses(&p)
	s.Notes = p.text("notes", s.Notes, message.MaxRunes, "")
	s.ContactName = p.text("contactName", s.ContactName, 100, "Give the name of somebody at your office the plan can talk to")
	s.ContactPhone = p.text("contactPhone", s.ContactPhone, 40, "Give a telephone number with area code")
	if s.ContactPhone != "" && countDigits(s.ContactPhone) < 10 {
		p.add("contactPhone", "Give a telephone number with area code, such as 555 010 0123")
	}
	s.tidyAdmission(&p, today)
	s.tidyLines(&p, today)
	return s, p
}

func (s *Submission) tidyUrgency(p *problems) {
	switch s.Urgency {
	case Standard:
		s.Statement, s.StatementBy = "", ""
	case Expedited:
		s.Statement = p.text("statement", s.Statement, 4000, "An expedited request needs the physician's statement of what the standard time could harm")
		if s.Statement != "" && utf8.RuneCountInString(s.Statement) < minStatement {
			p.add("statement", "Say what the standard time could do to life, health or the ability to regain maximum function")
		}
		s.StatementBy = p.text("statementBy", s.StatementBy, 100, "Name the physician who makes the statement")
	default:
		p.add("urgency", "Choose standard or expedited")
	}
}

func (s *Submission) tidyParties(p *problems) {
	for _, f := range []struct {
		path, missing string
		npi           *string
	}{
		{"requesting", "Choose the requesting provider", &s.Requesting},
		{"servicing", "Choose the servicing provider", &s.Servicing},
	} {
		if strings.TrimSpace(*f.npi) == "" {
			p.add(f.path, f.missing)
			continue
		}
		npi, err := code.ParseNPI(*f.npi)
		if err != nil {
			p.add(f.path, sentence(err))
			continue
		}
		*f.npi = string(npi)
	}
}

func (s *Submission) tidyDiagnoses(p *problems) {
	var kept []string
	seen := map[string]bool{}
	for i, typed := range s.Diagnoses {
		if strings.TrimSpace(typed) == "" {
			continue
		}
		path := fmt.Sprintf("diagnoses[%d]", i)
		d, err := code.ParseDiagnosis(typed)
		if err != nil {
			p.add(path, sentence(err))
			continue
		}
		if seen[string(d)] {
			p.add(path, "This diagnosis is already in the list")
			continue
		}
		seen[string(d)] = true
		kept = append(kept, string(d))
	}
	if len(kept) == 0 && len(*p) == 0 || len(s.Diagnoses) == 0 {
		p.add("diagnoses[0]", "Give at least one diagnosis code")
	}
	if len(kept) > MaxDiagnoses {
		p.add(fmt.Sprintf("diagnoses[%d]", MaxDiagnoses), "A request carries at most 12 diagnoses")
	}
	s.Diagnoses = kept
}

func (s *Submission) tidyAdmission(p *problems, today civil.Date) {
	if s.Kind != Inpatient {
		s.AdmitOn = civil.Date{}
		return
	}
	switch {
	case s.AdmitOn.IsZero():
		p.add("admitOn", "Give the date of admission")
	case s.AdmitOn.Before(today.AddDays(-maxAdmissionBack)):
		p.add("admitOn", "The admission was more than 7 days ago. Call the plan, or send the claim with the records")
	case s.AdmitOn.After(today.AddDays(maxDaysAhead)):
		p.add("admitOn", "Is more than a year ahead. Check the year")
	}
}

func (s *Submission) tidyLines(p *problems, today civil.Date) {
	if len(s.Lines) == 0 {
		p.add("lines[0].code", "Add at least one service line")
	}
	if len(s.Lines) > MaxLines {
		p.add(fmt.Sprintf("lines[%d].code", MaxLines), "A request carries at most 50 service lines. Send the rest as a second request")
		s.Lines = s.Lines[:MaxLines]
	}
	lines := make([]Line, len(s.Lines))
	for i, l := range s.Lines {
		l.No = i + 1
		lines[i] = l.tidy(p, fmt.Sprintf("lines[%d].", i), s.Kind, today)
	}
	s.Lines = lines
}

func (l Line) tidy(p *problems, at string, kind Kind, today civil.Date) Line {
	proc, err := code.ParseProcedure(l.Code)
	if err != nil {
		p.add(at+"code", sentence(err))
	} else {
		l.Code, l.System = proc.Code, proc.System
	}
	mods, err := code.ParseModifiers(strings.Join(l.Modifiers, " "))
	switch {
	case err != nil:
		p.add(at+"modifiers", sentence(err))
	case len(mods) > MaxModifiers:
		p.add(at+"modifiers", "A line carries at most 4 modifiers")
	default:
		l.Modifiers = l.Modifiers[:0:0]
		for _, m := range mods {
			l.Modifiers = append(l.Modifiers, string(m))
		}
	}
	if l.Units < 1 || l.Units > MaxUnits {
		p.add(at+"units", "Give a number of units from 1 to 9999")
	}
	switch l.UnitKind {
	case Units, Visits, Days:
	default:
		p.add(at+"unitKind", "Choose what the number counts")
	}
	place, err := code.ParsePlace(l.Place)
	if err != nil {
		p.add(at+"place", sentence(err))
	} else {
		l.Place = string(place)
	}
	l.Note = p.text(at+"note", l.Note, 500, "")
	l.dates(p, at, kind, today)
	return l
}

func (l *Line) dates(p *problems, at string, kind Kind, today civil.Date) {
	if l.From.IsZero() {
		p.add(at+"from", "Give the first day of service")
		return
	}
	if l.To.IsZero() {
		l.To = l.From
	}
	earliest := today
	if kind == Inpatient {
		earliest = today.AddDays(-maxAdmissionBack)
	}
	switch {
	case l.From.Before(earliest):
		p.add(at+"from", "Is in the past. A service already given is reviewed with its claim; for one still to come, check the date")
	case l.From.After(today.AddDays(maxDaysAhead)):
		p.add(at+"from", "Is more than a year ahead. Check the year")
	}
	switch {
	case l.To.Before(l.From):
		p.add(at+"to", "Ends before it begins. Give a last day on or after the first")
	case l.From.DaysUntil(l.To) > maxSpanDays:
		p.add(at+"to", "Is more than a year after the first day. Ask for one year at a time")
	}
}

// sentence gives an error of the code package, which holds no typed value, as
// a sentence.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}

func countDigits(s string) int {
	n := 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			n++
		}
	}
	return n
}

// parties are the providers of a submission as the directory knows them.
type parties struct {
	requesting, servicing provider.Party
	service               string // the operator's words for the first line's code, if any
}

// against adds the problems that only the database knows: providers, codes on
// the date of service (T-07), coverage.
func (s Submission) against(tx *db.Tx, who access.Actor, p *problems, today civil.Date) (parties, error) {
	got, err := s.parties(tx, p)
	if err != nil {
		return got, err
	}
	if got.requesting.NPI != "" && got.requesting.Org != who.Org && who.Side == access.Office {
		p.add("requesting", "Is not a provider of your organization. Choose one of your own, or ask provider relations to add them")
	} else if got.requesting.NPI != "" && !who.Reaches(string(got.requesting.NPI)) {
		p.add("requesting", "Your access does not cover requests of this provider. Choose another, or ask your local administrator")
	}
	on := today
	if len(s.Lines) > 0 && !s.Lines[0].From.IsZero() {
		on = s.Lines[0].From
	}
	got.service, err = s.codes(tx, p, on)
	if err != nil {
		return got, err
	}
	return got, s.covered(tx, p)
}

// parties finds the two providers; an NPI that is none was reported before.
func (s Submission) parties(tx *db.Tx, p *problems) (parties, error) {
	var got parties
	var ask []code.NPI
	for _, typed := range []string{s.Requesting, s.Servicing} {
		npi, err := code.ParseNPI(typed)
		if err == nil {
			ask = append(ask, npi)
		}
	}
	found, err := provider.FindAll(tx, ask...)
	if err != nil {
		return got, err
	}
	for _, f := range []struct {
		path, npi string
		party     *provider.Party
	}{{"requesting", s.Requesting, &got.requesting}, {"servicing", s.Servicing, &got.servicing}} {
		npi := code.NPI(f.npi)
		var known bool
		*f.party, known = found[npi]
		if !known && slices.Contains(ask, npi) {
			p.add(f.path, "This NPI is not in the plan's provider directory. Check it, or call the HelpDesk for a provider outside the network")
		}
	}
	return got, nil
}

func (p *problems) code(path string, s code.State) {
	switch s {
	case code.Known, code.NoTable:
	case code.Unknown:
		p.add(path, "Is not in the code table. Check the code")
	case code.NotYet:
		p.add(path, "Is not valid yet on the date of service")
	case code.Ended:
		p.add(path, "Was ended before the date of service. Use the code that replaced it")
	}
}

// codes judges every code of the request at once, and gives the operator's
// words for the first line's.
func (s Submission) codes(tx *db.Tx, p *problems, on civil.Date) (first string, err error) {
	asks := make([]codeset.Ask, 0, len(s.Diagnoses)+len(s.Lines))
	paths := make([]string, 0, cap(asks))
	for i, d := range s.Diagnoses {
		asks = append(asks, codeset.Ask{System: code.ICD10CM, Code: d, On: on})
		paths = append(paths, fmt.Sprintf("diagnoses[%d]", i))
	}
	for i, l := range s.Lines {
		if l.System == "" || l.From.IsZero() {
			continue // already reported
		}
		asks = append(asks, codeset.Ask{System: l.System, Code: l.Code, On: l.From})
		paths = append(paths, fmt.Sprintf("lines[%d].code", i))
	}
	answers, err := codeset.Judge(tx, asks)
	if err != nil {
		return "", err
	}
	for i, a := range answers {
		p.code(paths[i], a.State)
		if paths[i] == "lines[0].code" {
			first = a.Display
		}
	}
	return first, nil
}

// covered reports each line that the member's coverage does not hold from its
// first day to its last. Lines mostly share their dates, so an answer is kept.
func (s Submission) covered(tx *db.Tx, p *problems) error {
	until := map[civil.Date]civil.Date{} // covered day -> last day of its span
	on := func(d civil.Date) (bool, civil.Date, error) {
		if last, ok := until[d]; ok {
			return true, last, nil
		}
		span, ok, err := coverage.On(tx, s.Member, d)
		if err != nil || !ok {
			return false, civil.Date{}, err
		}
		until[d] = span.To
		return true, span.To, nil
	}
	for i, l := range s.Lines {
		if l.From.IsZero() || l.To.Before(l.From) {
			continue
		}
		at := fmt.Sprintf("lines[%d].", i)
		ok, last, err := on(l.From)
		if err != nil {
			return err
		}
		if !ok {
			p.add(at+"from", "The member is not covered by the plan on this day. Check the date, or look the member up again")
			continue
		}
		if last.IsZero() || !last.Before(l.To) {
			continue
		}
		ok, _, err = on(l.To) // a new span may follow without a gap
		if err != nil {
			return err
		}
		if !ok {
			p.add(at+"to", "The member's coverage ends before this day. Ask for the covered days, and for the rest once coverage is renewed")
		}
	}
	return nil
}
