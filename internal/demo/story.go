package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/clock"
	"hsconnect/internal/code"
	"hsconnect/internal/priorauth"
)

// story is one request from look-up to where it stands today.
type story struct {
	no      int
	scene   *scene
	goal    priorauth.Status
	verdict verdict
	when    timing

	org       *organization
	by        *person // sends it
	colleague *person // answers
	doctor    *practitioner
	servicing string // NPI
	member    *insured

	words     map[string]string
	visit     civil.Date
	received  time.Time
	submitted priorauth.Submission // without draft and member
	form      []byte               // the same as the page keeps it
	papers    []paper
	steps     []step

	run progress
}

// requesting gives the NPI and the name of who asks.
func (s *story) requesting() (npi, name string) {
	if s.doctor == nil {
		return string(s.org.NPI), s.org.Name
	}
	return string(s.doctor.NPI), s.doctor.titled()
}

// describe writes down what the story says, without times of day.
func (s *story) describe(to io.Writer) {
	out, err := json.Marshal(s.submitted)
	if err != nil {
		out = []byte(err.Error())
	}
	kinds := make([]string, len(s.steps))
	for i, st := range s.steps {
		kinds[i] = st.kind.String() + " " + st.text
	}
	_, _ = fmt.Fprintln(to, s.no, s.scene.key, s.goal, s.org.Name, s.by.Username, s.member.number, string(out), strings.Join(kinds, "|"))
}

// begin picks who and what a story is about.
func (w *world) begin(d dice, s *story) {
	s.by = pick(d, able(s.org))
	s.colleague = pick(d, able(s.org))
	if len(s.org.staff) > 0 {
		s.doctor = pick(d, s.org.staff)
	}
	s.member = w.memberFor(d, s)
	s.servicing = w.servicing(d, s)
	s.words = s.scene.words(d, s.verdict)
	s.visit = civil.Of(s.received, w.zone).AddDays(-d.between(2, 18))
	w.address(d, s)
}

// able gives those of an office who may submit and have accepted the agreement.
func able(o *organization) []*person {
	var out []*person
	for _, p := range o.users {
		if p.accepted && !p.is(access.Viewer) {
			out = append(out, p)
		}
	}
	return out
}

// memberFor picks somebody whose coverage holds through all of the story.
func (w *world) memberFor(d dice, s *story) *insured {
	for {
		m := pick(d, w.members)
		if m.steady && (m.woman || !s.scene.womenOnly) {
			return m
		}
	}
}

// servicing picks who performs: whoever asks, a facility, or a specialist.
func (w *world) servicing(d dice, s *story) string {
	if slices.Contains(s.scene.to, "self") {
		npi, _ := s.requesting()
		return npi
	}
	choice := slices.DeleteFunc(w.organizationsOf([]string{pick(d, s.scene.to)}), func(o *organization) bool {
		return !o.InNetwork && !d.in(25)
	})
	o := pick(d, choice)
	if o.Kind == "office" && len(o.staff) > 0 {
		return string(pick(d, o.staff).NPI)
	}
	return string(o.NPI)
}

// address gives the words that name and speak of the patient.
func (w *world) address(d dice, s *story) {
	title, he, his, him, person := "Mr.", "he", "his", "him", "man"
	if s.member.woman {
		title, he, his, him, person = "Ms.", "she", "her", "her", "woman"
	}
	_, doctor := s.requesting()
	for k, v := range map[string]string{
		"mr": title + " " + s.member.last, "he": he, "He": strings.ToUpper(he[:1]) + he[1:], "his": his, "him": him, "person": person,
		"age": fmt.Sprint(s.member.birth.Age(w.today)), "dr": doctor, "visit": longDay(s.visit),
	} {
		s.words[k] = v
	}
	s.words["side"], s.words["RT"] = "right", "RT"
	for _, choice := range s.scene.dx {
		name, side, sided := strings.Cut(pick(d, choice), "~")
		if sided {
			s.words["side"] = side
			if side == "left" {
				s.words["RT"] = "LT"
			}
		}
		if name != "-" && !slices.Contains(s.submitted.Diagnoses, name) {
			s.submitted.Diagnoses = append(s.submitted.Diagnoses, name)
		}
	}
}

func longDay(on civil.Date) string { return on.In(time.UTC).Format("January 2") }

// say gives one of the scene's texts about this patient.
func (s *story) say(text string) string { return fill(text, s.words) }

// write makes the submission and the form that it was typed into.
func (w *world) write(d dice, s *story) error {
	sub := &s.submitted
	sub.Kind, sub.Urgency = s.scene.kind, s.when.urgency
	sub.Notes = s.say(s.scene.note)
	npi, name := s.requesting()
	sub.Requesting, sub.Servicing = npi, s.servicing
	if sub.Urgency == priorauth.Expedited {
		sub.Statement, sub.StatementBy = s.say(s.scene.urgent), name
	}
	sub.ContactName, sub.ContactPhone = s.by.Name, s.org.Phone
	first := civil.Of(s.received, w.zone).AddDays(s.when.lead)
	if sub.Kind == priorauth.Inpatient {
		sub.AdmitOn = first
	}
	for i, l := range s.scene.lines {
		line := priorauth.Line{No: i + 1, Code: l.code, System: code.HCPCS, Units: int64(l.units), UnitKind: l.unit, From: first, To: first.AddDays(max(l.days-1, 0)), Place: l.place}
		line.Modifiers = strings.Fields(s.say(l.mods))
		sub.Lines = append(sub.Lines, line)
	}
	w.attach(d, s)
	var err error
	s.form, err = json.Marshal(typed(*sub))
	sub.Original = s.form
	return err
}

// typedLine and typedForm are the page's fields as they are typed.
type typedLine struct {
	Code      string `json:"code"`
	Modifiers string `json:"modifiers,omitempty"`
	Units     string `json:"units"`
	UnitKind  string `json:"unitKind"`
	From      string `json:"from"`
	To        string `json:"to"`
	Place     string `json:"place"`
}

type typedForm struct {
	Kind         string      `json:"kind"`
	Urgency      string      `json:"urgency"`
	Statement    string      `json:"statement,omitempty"`
	StatementBy  string      `json:"statementBy,omitempty"`
	Requesting   string      `json:"requesting"`
	Servicing    string      `json:"servicing,omitempty"`
	Diagnoses    string      `json:"diagnoses,omitempty"`
	AdmitOn      string      `json:"admitOn,omitempty"`
	Lines        []typedLine `json:"lines,omitempty"`
	Notes        string      `json:"notes,omitempty"`
	ContactName  string      `json:"contactName,omitempty"`
	ContactPhone string      `json:"contactPhone,omitempty"`
}

func typed(sub priorauth.Submission) typedForm {
	f := typedForm{
		Kind: string(sub.Kind), Urgency: string(sub.Urgency), Statement: sub.Statement, StatementBy: sub.StatementBy, Requesting: sub.Requesting,
		Servicing: sub.Servicing, Diagnoses: strings.Join(sub.Diagnoses, " "), AdmitOn: sub.AdmitOn.US(), Notes: sub.Notes,
		ContactName: sub.ContactName, ContactPhone: sub.ContactPhone,
	}
	for _, l := range sub.Lines {
		f.Lines = append(f.Lines, typedLine{Code: l.Code, Modifiers: strings.Join(l.Modifiers, " "), Units: fmt.Sprint(l.Units),
			UnitKind: string(l.UnitKind), From: l.From.US(), To: l.To.US(), Place: l.Place})
	}
	return f
}

// due gives when the answer to a story is due.
func (w *world) due(s *story) clock.Deadline {
	kind := clock.StandardPA
	if s.when.urgency == priorauth.Expedited {
		kind = clock.Expedited
	}
	return clock.Due(kind, s.received, w.zone)
}
