package dossier

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/clock"
	"hsconnect/internal/document"
	"hsconnect/internal/pdf"
	"hsconnect/internal/record"
	"hsconnect/internal/sensitive"
)

// The bodies of the entries that the PDF tells in words. Fields that are not
// named here are in the entries themselves.
type submittedBody struct {
	Number, OrganizationName, MemberName, MemberNumber, MemberBirth    string
	Kind, Urgency, Statement, StatementBy, RequestingNPI, ServicingNPI string
	Notes, ContactName, ContactPhone, AdmitOn, Rule                    string
	Diagnoses                                                          []string
	Received, Target, Limit                                            time.Time
	Lines                                                              []lineBody
}

type lineBody struct {
	ID, Code, UnitKind, From, To, Place, Note string
	No                                        int
	Units                                     int64
	Modifiers                                 []string
}

type messageBody struct{ Kind, Name, Text string }

type decidedBody struct {
	By, Licence, Outcome string
	Lines                []struct {
		Line, Action, From, To, Reason, Criterion, Narrative string
		Units                                                int64
	}
}

type stepBody struct {
	What    string
	Details json.RawMessage
}

// render writes the record to read.
func (s *Service) render(w io.Writer, a record.Archive, docs []document.Document, labels []sensitive.Category, who access.Actor) error {
	out := pdf.New(pdf.Doc{Title: "Record of authorization " + a.Number, Lang: "en-US", Author: s.Plan, Created: a.Made,
		Header: s.Plan + " · official medical record · authorization " + a.Number, Footer: "Exported by " + who.Name + " on " + s.at(a.Made)})
	out.Heading(1, "Record of authorization "+a.Number)
	out.Para("This is the complete record of one authorization request, as the portal keeps it. What follows is told from the entries in the folder \"entries\" of the same archive; where the two differ, the entries hold. README.txt says how to check them.")
	protected(out, labels)
	lines := map[string]lineBody{}
	for _, e := range a.Entries {
		err := s.tell(out, e, lines)
		if err != nil {
			return fmt.Errorf("entry %s: %w", e.ID, err)
		}
	}
	s.documents(out, docs)
	s.proof(out, a)
	_, err := out.WriteTo(w)
	return err
}

// protected puts label and notice on what holds specially protected services.
func protected(out *pdf.Writer, labels []sensitive.Category) {
	if len(labels) == 0 {
		return
	}
	words := make([]string, len(labels))
	for i, l := range labels {
		words[i] = l.Words()
	}
	out.Heading(2, "Specially protected information")
	out.Para(strings.Join(words, " · "))
	out.Para(sensitive.Notice(labels))
}

func (s *Service) at(t time.Time) string {
	return t.In(s.Zone).Format("2006-01-02 ") + clock.Full(t, s.Zone)
}

// tell writes one entry in words.
func (s *Service) tell(out *pdf.Writer, e record.Proven, lines map[string]lineBody) error {
	switch {
	case e.Kind == "request.submitted":
		return s.submitted(out, e, lines)
	case e.Kind == "request.decided":
		return s.decided(out, e, lines)
	case strings.HasPrefix(e.Kind, "message."):
		var m messageBody
		err := json.Unmarshal(e.Body, &m)
		if err != nil {
			return err
		}
		out.Heading(2, capital(m.Kind))
		s.by(out, e)
		out.Para(m.Text)
		return nil
	case strings.HasPrefix(e.Kind, "document."):
		out.Heading(2, "Document attached")
		s.by(out, e)
		return nil
	}
	var st stepBody
	err := json.Unmarshal(e.Body, &st)
	if err != nil {
		return err
	}
	out.Heading(2, st.What)
	s.by(out, e)
	var details map[string]string
	if json.Unmarshal(st.Details, &details) == nil {
		if reason := details["reason"]; reason != "" {
			out.Para(reason)
		}
	}
	return nil
}

// by says who made an entry, when, and where it stands.
func (s *Service) by(out *pdf.Writer, e record.Proven) {
	out.Facts([][2]string{
		{"By", e.Username + ", through " + e.Door}, {"At", s.at(e.At)},
		{"Entry", strconv.FormatInt(e.Index, 10) + " · " + string(e.ID)},
	})
}

func (s *Service) submitted(out *pdf.Writer, e record.Proven, lines map[string]lineBody) error {
	var b submittedBody
	err := json.Unmarshal(e.Body, &b)
	if err != nil {
		return err
	}
	out.Heading(2, "The request as submitted")
	facts := [][2]string{
		{"Number", b.Number}, {"Member", b.MemberName}, {"Member ID", b.MemberNumber}, {"Date of birth", b.MemberBirth},
		{"Organization", b.OrganizationName}, {"What is asked for", b.Kind}, {"Urgency", b.Urgency}, {"Physician's statement", b.Statement},
		{"Statement made by", b.StatementBy}, {"Date of admission", b.AdmitOn}, {"Requesting provider", "NPI " + b.RequestingNPI},
		{"Servicing provider", "NPI " + b.ServicingNPI}, {"Diagnoses", strings.Join(b.Diagnoses, ", ")}, {"Clinical notes", b.Notes},
		{"Contact", b.ContactName + ", " + b.ContactPhone}, {"Received", s.at(b.Received)}, {"Due", s.at(b.Limit) + ", by rule " + b.Rule},
	}
	kept := facts[:0]
	for _, f := range facts {
		if f[1] != "" {
			kept = append(kept, f)
		}
	}
	out.Facts(kept)
	rows := make([][]string, 0, len(b.Lines))
	for _, l := range b.Lines {
		lines[l.ID] = l
		rows = append(rows, []string{strconv.Itoa(l.No), strings.TrimSpace(l.Code + " " + strings.Join(l.Modifiers, " ")), fmt.Sprintf("%d %s", l.Units, l.UnitKind), l.From, l.To, l.Place, l.Note})
	}
	out.Table("Services asked for", []string{"Line", "Code", "Amount", "From", "To", "Place", "Note"}, rows, nil)
	s.by(out, e)
	return nil
}

func (s *Service) decided(out *pdf.Writer, e record.Proven, lines map[string]lineBody) error {
	var b decidedBody
	err := json.Unmarshal(e.Body, &b)
	if err != nil {
		return err
	}
	out.Heading(2, "Determination: "+b.Outcome)
	facts := [][2]string{{"Signed by", b.By}}
	if b.Licence != "" {
		facts = append(facts, [2]string{"Licence", b.Licence})
	}
	out.Facts(facts)
	rows := make([][]string, 0, len(b.Lines))
	for _, l := range b.Lines {
		amount := fmt.Sprintf("%d, %s to %s", l.Units, l.From, l.To)
		if l.Action == "deny" {
			amount = "none"
		}
		rows = append(rows, []string{strconv.Itoa(lines[l.Line].No), lines[l.Line].Code, l.Action, amount})
	}
	out.Table("Decision by line", []string{"Line", "Code", "Decision", "Authorized"}, rows, nil)
	for _, l := range b.Lines {
		if l.Narrative == "" {
			continue
		}
		out.Heading(3, "Line "+strconv.Itoa(lines[l.Line].No)+": why")
		out.Facts([][2]string{{"Reason", l.Reason}, {"Criterion", l.Criterion}})
		out.Para(l.Narrative)
	}
	s.by(out, e)
	return nil
}

func (s *Service) documents(out *pdf.Writer, docs []document.Document) {
	if len(docs) == 0 {
		return
	}
	out.Heading(2, "Documents")
	rows := make([][]string, 0, len(docs))
	for _, d := range docs {
		opened := "not opened by the plan"
		if !d.OpenedAt.IsZero() {
			opened = s.at(d.OpenedAt) + ", " + d.OpenedBy
		}
		rows = append(rows, []string{d.Name, d.TypeName(), strconv.FormatInt(d.Size, 10) + " bytes", s.at(d.ReceivedAt) + ", " + d.ByName, opened})
	}
	out.Table("Documents of the request", []string{"Name", "Type", "Size", "Received", "First opened by the plan"}, rows, nil)
	for _, d := range docs {
		out.Para("SHA-256 of " + d.Name + ":")
		out.Mono(d.Digest)
	}
}

func (s *Service) proof(out *pdf.Writer, a record.Archive) {
	out.Heading(2, "Proof")
	out.Para("Every entry stands in a tree of hashes whose root the plan has signed. The digests are:")
	for _, e := range a.Entries {
		out.Mono(strconv.FormatInt(e.Index, 10) + "  " + e.Kind + "  " + hex.EncodeToString(e.Digest[:]))
	}
	out.Para("The signed checkpoint:")
	for _, l := range strings.Split(strings.TrimSpace(string(a.Checkpoint)), "\n") {
		if l != "" {
			out.Mono(l)
		}
	}
}

func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
