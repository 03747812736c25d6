package web

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/web/kit"
)

// requestForm is the authorization request as it is typed: every field is
// text, kept as it came. It is what a draft stores.
type requestForm struct {
	Kind         string     `json:"kind,omitempty"`
	Urgency      string     `json:"urgency,omitempty"`
	Statement    string     `json:"statement,omitempty"`
	StatementBy  string     `json:"statementBy,omitempty"`
	Requesting   string     `json:"requesting,omitempty"`
	Servicing    string     `json:"servicing,omitempty"`
	Diagnoses    string     `json:"diagnoses,omitempty"`
	AdmitOn      string     `json:"admitOn,omitempty"`
	Lines        []lineForm `json:"lines,omitempty"`
	Notes        string     `json:"notes,omitempty"`
	ContactName  string     `json:"contactName,omitempty"`
	ContactPhone string     `json:"contactPhone,omitempty"`
}

// lineForm is one service line as it is typed.
type lineForm struct {
	Code      string `json:"code,omitempty"`
	Modifiers string `json:"modifiers,omitempty"`
	Units     string `json:"units,omitempty"`
	UnitKind  string `json:"unitKind,omitempty"`
	From      string `json:"from,omitempty"`
	To        string `json:"to,omitempty"`
	Place     string `json:"place,omitempty"`
	Note      string `json:"note,omitempty"`
}

// empty reports whether nothing was typed into the line. Dates, place and what
// is counted come from the line before, so they do not count as typed.
func (l lineForm) empty() bool {
	return strings.TrimSpace(l.Code+l.Modifiers+l.Units+l.Note) == ""
}

// readRequestForm takes the fields of the form from what was sent.
func readRequestForm(v url.Values) requestForm {
	f := requestForm{
		Kind: v.Get("kind"), Urgency: v.Get("urgency"), Statement: v.Get("statement"), StatementBy: v.Get("statement-by"),
		Requesting: v.Get("requesting"), Servicing: v.Get("servicing"), Diagnoses: v.Get("diagnoses"), AdmitOn: v.Get("admit-on"),
		Notes: v.Get("notes"), ContactName: v.Get("contact-name"), ContactPhone: v.Get("contact-phone"),
	}
	if pick := v.Get("servicing-pick"); pick != "" {
		f.Servicing = pick
	}
	n, err := strconv.Atoi(v.Get("lines"))
	if err != nil || n < 0 {
		n = 0
	}
	n = min(n, priorauth.MaxLines+1)
	for i := 1; i <= n; i++ {
		at := "line-" + strconv.Itoa(i) + "-"
		f.Lines = append(f.Lines, lineForm{
			Code: v.Get(at + "code"), Modifiers: v.Get(at + "modifiers"), Units: v.Get(at + "units"), UnitKind: v.Get(at + "unit-kind"),
			From: v.Get(at + "from"), To: v.Get(at + "to"), Place: v.Get(at + "place"), Note: v.Get(at + "note"),
		})
	}
	return f
}

// openRequestForm reads what a draft stores. A draft whose form cannot be read
// (another door wrote it) opens empty; its bytes stay until the next save.
func openRequestForm(stored []byte) requestForm {
	var f requestForm
	err := json.Unmarshal(stored, &f)
	if err != nil {
		return requestForm{}
	}
	return f
}

// skipped reports whether line i is not part of the request: it is empty, and
// not the first of a form that has only empty ones.
func (f requestForm) skipped(i int) bool {
	if !f.Lines[i].empty() {
		return false
	}
	for _, l := range f.Lines {
		if !l.empty() {
			return true
		}
	}
	return i > 0
}

func (f requestForm) store() ([]byte, error) { return json.Marshal(f) }

// withLine adds an empty line that begins like the last one ends.
func (f requestForm) withLine() requestForm {
	next := lineForm{UnitKind: string(priorauth.Units), Place: "11"}
	if n := len(f.Lines); n > 0 {
		last := f.Lines[n-1]
		next = lineForm{UnitKind: last.UnitKind, From: last.From, To: last.To, Place: last.Place}
	}
	f.Lines = append(append([]lineForm{}, f.Lines...), next)
	return f
}

// withoutLine takes line n (from 1) out.
func (f requestForm) withoutLine(n int) requestForm {
	if n < 1 || n > len(f.Lines) {
		return f
	}
	f.Lines = append(append([]lineForm{}, f.Lines[:n-1]...), f.Lines[n:]...)
	return f
}

// codesApart are what people put between codes.
var codesApart = regexp.MustCompile(`[\s,;]+`)

// submission turns the typed form into the domain's submission, and gives the
// problems that only the typed text shows: dates and numbers that cannot be
// read. The domain finds the others.
func (f requestForm) submission(draft id.Draft, today civil.Date) (priorauth.Submission, []fault.Problem) {
	var p []fault.Problem
	date := func(path, typed string) civil.Date {
		if strings.TrimSpace(typed) == "" {
			return civil.Date{}
		}
		d, err := civil.ParseTyped(typed, today)
		if err != nil {
			p = append(p, fault.Problem{Path: path, Text: capital(err.Error())})
		}
		return d
	}
	s := priorauth.Submission{
		Draft: draft, Kind: priorauth.Kind(f.Kind), Urgency: priorauth.Urgency(f.Urgency), Statement: f.Statement, StatementBy: f.StatementBy,
		Requesting: f.Requesting, Servicing: f.Servicing, Notes: f.Notes, ContactName: f.ContactName, ContactPhone: f.ContactPhone,
	}
	for _, c := range codesApart.Split(strings.TrimSpace(f.Diagnoses), -1) {
		if c != "" {
			s.Diagnoses = append(s.Diagnoses, c)
		}
	}
	if s.Kind == priorauth.Inpatient {
		s.AdmitOn = date("admitOn", f.AdmitOn)
	}
	for i, l := range f.Lines {
		if f.skipped(i) {
			continue
		}
		at := fmt.Sprintf("lines[%d].", len(s.Lines))
		line := priorauth.Line{Code: l.Code, Modifiers: codesApart.Split(strings.TrimSpace(l.Modifiers), -1), UnitKind: priorauth.UnitKind(l.UnitKind),
			Place: l.Place, Note: l.Note, From: date(at+"from", l.From), To: date(at+"to", l.To), No: i + 1}
		if typed := strings.TrimSpace(l.Units); typed != "" {
			n, err := strconv.ParseInt(strings.ReplaceAll(typed, ",", ""), 10, 32)
			if err != nil {
				p = append(p, fault.Problem{Path: at + "units", Text: "Give the number in digits"})
				n = 1 // so that the number is reported once
			}
			line.Units = n
		}
		s.Lines = append(s.Lines, line)
	}
	return s, p
}

// linePath is the domain's path of something on a service line.
var linePath = regexp.MustCompile(`^lines\[(\d+)\]\.(\w+)$`)

// requestFields maps domain paths to the names of controls: the form's one
// table of the kind.
func requestFields() map[string]string {
	return map[string]string{
		"kind": "kind", "urgency": "urgency", "statement": "statement", "statementBy": "statement-by", "requesting": "requesting",
		"servicing": "servicing", "admitOn": "admit-on", "notes": "notes", "contactName": "contact-name", "contactPhone": "contact-phone",
		"documents": "documents", "attest": "attest",
	}
}

// lineFields does the same for the part after a line's path.
func lineFields() map[string]string {
	return map[string]string{
		"code": "code", "modifiers": "modifiers", "units": "units", "unitKind": "unit-kind", "from": "from", "to": "to", "place": "place", "note": "note",
	}
}

// place says at which control the problem of a domain path stands. Lines that
// were left empty do not count in the domain, so their numbers are put back.
func (f requestForm) place(path string) (field, label string) {
	if name, ok := requestFields()[path]; ok {
		return name, ""
	}
	if rest, ok := strings.CutPrefix(path, "diagnoses["); ok {
		n, err := strconv.Atoi(strings.TrimSuffix(rest, "]"))
		if err != nil {
			return "diagnoses", ""
		}
		return "diagnoses", "Diagnosis " + strconv.Itoa(n+1)
	}
	m := linePath.FindStringSubmatch(path)
	if m == nil {
		return "", ""
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return "", ""
	}
	line := 1
	for i := range f.Lines {
		if f.skipped(i) {
			continue
		}
		if n == 0 {
			line = i + 1
			break
		}
		n--
	}
	return "line-" + strconv.Itoa(line) + "-" + lineFields()[m[2]], "Line " + strconv.Itoa(line)
}

// placeOptions are the places of service for a Select.
func placeOptions(selected string) []kit.Option {
	out := []kit.Option{{Value: "", Text: "Choose"}}
	for _, p := range code.Places() {
		out = append(out, kit.Option{Value: string(p), Text: string(p) + " " + p.Words(), Selected: string(p) == selected})
	}
	return out
}
