package priorauth

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/clock"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/document"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/job"
	"hsconnect/internal/member"
	"hsconnect/internal/record"
)

// maxDraws bounds how often a number is drawn for a request.
const maxDraws = 8

// JobLimit is the job that marks a request whose legal limit passed undecided.
const JobLimit = "priorauth.limit"

// request is a submitted request as it is stored and kept in the record.
type request struct {
	ID           id.Request      `json:"id"`
	Number       id.Number       `json:"number"`
	Org          id.Organization `json:"organization"`
	OrgName      string          `json:"organizationName"`
	Draft        id.Draft        `json:"draft"`
	Door         string          `json:"door"`
	Member       id.Member       `json:"member"`
	MemberNumber string          `json:"memberNumber"`
	MemberName   string          `json:"memberName"`
	MemberBirth  civil.Date      `json:"memberBirth"`
	Kind         Kind            `json:"kind"`
	Urgency      Urgency         `json:"urgency"`
	Statement    string          `json:"statement,omitempty"`
	StatementBy  string          `json:"statementBy,omitempty"`
	Requesting   string          `json:"requestingNPI"`
	Servicing    string          `json:"servicingNPI"`
	Diagnoses    []string        `json:"diagnoses"`
	Lines        []Line          `json:"lines"`
	Notes        string          `json:"notes,omitempty"`
	ContactName  string          `json:"contactName"`
	ContactPhone string          `json:"contactPhone"`
	AdmitOn      *civil.Date     `json:"admitOn,omitempty"`
	Received     time.Time       `json:"received"`
	Rule         clock.Kind      `json:"rule"`
	RuleVersion  int             `json:"ruleVersion"`
	Target       time.Time       `json:"target"`
	Limit        time.Time       `json:"limit"`
	Documents    []attached      `json:"documents,omitempty"`
	Original     []byte          `json:"original,omitempty"`

	service string // for lists
}

// attached names a document in the record by its bytes.
type attached struct {
	ID     id.Document `json:"id"`
	Name   string      `json:"name"`
	Type   string      `json:"type"`
	SHA256 string      `json:"sha256"`
	Size   int64       `json:"size"`
}

// Submit takes a request once. Sending the same draft again gives the first
// receipt again. All problems are reported together.
func (s *Service) Submit(ctx context.Context, who access.Actor, sub Submission) (Receipt, error) {
	err := who.May(access.SubmitRequests)
	if err != nil {
		return Receipt{}, err
	}
	var r Receipt
	// Numbers are drawn at random; at some millions a year one draw in a
	// hundred is taken, which the database says.
	for range maxDraws {
		err = s.look(ctx, who, "draft/"+string(sub.Draft), func(tx *db.Tx) error {
			var err error
			r, err = s.submit(tx, who, sub)
			return err
		})
		if !db.Duplicate(err) {
			break
		}
	}
	if err != nil {
		return Receipt{}, err
	}
	return s.Signed(r)
}

func (s *Service) submit(tx *db.Tx, who access.Actor, sub Submission) (Receipt, error) {
	draft, err := findDraft(tx, who, sub.Draft)
	if err != nil {
		return Receipt{}, err
	}
	if draft.State == DraftSubmitted {
		return s.firstReceipt(tx, who, sub.Draft)
	}
	err = draft.writable()
	if err != nil {
		return Receipt{}, err
	}
	sub.Member = draft.Member.ID
	today := civil.Of(tx.Now, s.Zone)
	sub, p := sub.tidy(today)
	known, err := sub.against(tx, who, &p, today)
	if err != nil {
		return Receipt{}, err
	}
	if len(p) > 0 {
		return Receipt{}, fault.Bad(p...)
	}
	ref := id.New[id.Request](tx.Now)
	docs, err := document.Attach(tx, who, sub.Draft, ref)
	if err != nil {
		return Receipt{}, err
	}
	m, err := member.ForRecord(tx, who, sub.Member)
	if err != nil {
		return Receipt{}, err
	}
	err = member.Bind(tx, who, m.ID, member.TieRequest, time.Time{})
	if err != nil {
		return Receipt{}, err
	}
	r := s.newRequest(tx, who, sub, m)
	r.ID, r.Number = ref, id.NewNumber(tx.Now)
	r.service = service(sub.Lines, known.service)
	for _, d := range docs {
		r.Documents = append(r.Documents, attached{ID: d.ID, Name: d.Name, Type: d.Type, SHA256: d.Digest, Size: d.Size})
	}
	return s.store(tx, who, r)
}

func (s *Service) newRequest(tx *db.Tx, who access.Actor, sub Submission, m member.Member) request {
	due := clock.Due(clockKind(sub.Urgency), tx.Now, s.Zone)
	r := request{
		Org: who.Org, OrgName: who.OrgName, Draft: sub.Draft, Door: who.Door,
		Member: m.ID, MemberNumber: m.Number, MemberName: m.Name(), MemberBirth: m.Birth,
		Kind: sub.Kind, Urgency: sub.Urgency, Statement: sub.Statement, StatementBy: sub.StatementBy,
		Requesting: sub.Requesting, Servicing: sub.Servicing, Diagnoses: sub.Diagnoses, Lines: sub.Lines, Notes: sub.Notes,
		ContactName: sub.ContactName, ContactPhone: sub.ContactPhone, Received: tx.Now,
		Rule: due.Rule.ID, RuleVersion: due.Rule.Version, Target: due.Target, Limit: due.Limit, Original: sub.Original,
	}
	if !sub.AdmitOn.IsZero() {
		r.AdmitOn = &sub.AdmitOn
	}
	for i := range r.Lines {
		r.Lines[i].ID = id.New[id.Line](tx.Now)
	}
	return r
}

// clockKind gives the clock of an item or service under prior authorization.
func clockKind(u Urgency) clock.Kind {
	if u == Expedited {
		return clock.Expedited
	}
	return clock.StandardPA
}

// store writes everything that a submitted request consists of.
func (s *Service) store(tx *db.Tx, who access.Actor, r request) (Receipt, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return Receipt{}, err
	}
	kept, err := record.Append(tx, who, record.New{Subject: subject(r.ID), Kind: "request.submitted", Body: body})
	if err != nil {
		return Receipt{}, err
	}
	err = r.insert(tx, who, kept)
	if err != nil {
		return Receipt{}, err
	}
	err = insertLines(tx, r.ID, r.Lines)
	if err != nil {
		return Receipt{}, err
	}
	err = tx.Later(`insert into request_state (request, org, version, status, pending, urgency, owner, owner_name, specialty, referred, due_us, limit_us, lapsed, changed_us, decided_us, last_on)
		values ($1, $2, 1, $3, 1, $4, '', '', '', 0, $5, $6, 0, $7, 0, '')`,
		string(r.ID), string(r.Org), string(Submitted), string(r.Urgency), db.Micros(r.Target), db.Micros(r.Limit), db.Micros(tx.Now))
	if err != nil {
		return Receipt{}, err
	}
	err = tx.Later("update draft set state = $1, version = version + 1, saved_us = $2, saved_by = $3 where id = $4",
		string(DraftSubmitted), db.Micros(tx.Now), who.Name, string(r.Draft))
	if err != nil {
		return Receipt{}, err
	}
	err = event(tx, who, r.ID, "submitted", "Submitted "+countOf(len(r.Lines), "service line")+" with "+countOf(len(r.Documents), "document"), true, kept.Entry)
	if err != nil {
		return Receipt{}, err
	}
	_, err = job.Enqueue(tx, JobLimit, limitPayload{Request: r.ID}, job.Options{RunAt: r.Limit})
	if err != nil {
		return Receipt{}, err
	}
	return s.receipt(r, r.Received, kept), nil
}

func (r request) insert(tx *db.Tx, who access.Actor, kept record.Receipt) error {
	admit := ""
	if r.AdmitOn != nil {
		admit = r.AdmitOn.String()
	}
	return tx.Later(`insert into request (id, number, org, org_name, trace, door, member, member_initials, kind, urgency, statement, statement_by,
			requesting_npi, servicing_npi, diagnoses, service, notes, contact_name, contact_phone, admit_on, received_us, rule, rule_version,
			target_us, limit_us, person, person_name, entry, digest)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29)`,
		string(r.ID), string(r.Number), string(r.Org), r.OrgName, string(r.Draft), r.Door, string(r.Member), initials(r.MemberName), string(r.Kind), string(r.Urgency),
		r.Statement, r.StatementBy, r.Requesting, r.Servicing, strings.Join(r.Diagnoses, " "), r.service, r.Notes, r.ContactName, r.ContactPhone,
		admit, db.Micros(r.Received), string(r.Rule), int64(r.RuleVersion), db.Micros(r.Target), db.Micros(r.Limit), string(who.Person), who.Name,
		string(kept.Entry), kept.Digest[:])
}

func insertLines(tx *db.Tx, request id.Request, lines []Line) error {
	const columns = 12
	var q strings.Builder
	q.WriteString("insert into request_line (id, request, no, code, system, modifiers, units, unit_kind, from_on, to_on, place, note) values ")
	args := make([]any, 0, columns*len(lines))
	for i, l := range lines {
		if i > 0 {
			q.WriteString(", ")
		}
		q.WriteString("(")
		for c := range columns {
			if c > 0 {
				q.WriteString(", ")
			}
			fmt.Fprintf(&q, "$%d", i*columns+c+1)
		}
		q.WriteString(")")
		args = append(args, string(l.ID), string(request), int64(l.No), l.Code, string(l.System), strings.Join(l.Modifiers, " "), l.Units, string(l.UnitKind),
			l.From.String(), l.To.String(), l.Place, l.Note)
	}
	return tx.Later(q.String(), args...)
}

// firstReceipt gives the receipt of what was already submitted from draft.
func (s *Service) firstReceipt(tx *db.Tx, who access.Actor, draft id.Draft) (Receipt, error) {
	var r request
	var kept record.Receipt
	var received int64
	var digest []byte
	err := tx.Row("select id, number, member, urgency, received_us, entry, digest from request where org = $1 and trace = $2", string(who.Org), string(draft)).
		Scan(&r.ID, &r.Number, &r.Member, &r.Urgency, &received, &kept.Entry, &digest)
	if err != nil {
		return Receipt{}, err
	}
	copy(kept.Digest[:], digest)
	out := s.receipt(r, db.Time(received), kept)
	out.Repeated = true
	return out, nil
}

func (s *Service) receipt(r request, received time.Time, kept record.Receipt) Receipt {
	return Receipt{Number: r.Number, Request: r.ID, Member: r.Member, Received: received, Deadline: clock.Due(clockKind(r.Urgency), received, s.Zone),
		Entry: kept.Entry, Digest: hex.EncodeToString(kept.Digest[:])}
}

// ReceiptOf gives the receipt of a request of who's organization again, and
// writes down that it was shown. A receipt says nothing of the member but that
// this was asked for, which the organization has written itself: it takes no
// open glass.
func (s *Service) ReceiptOf(ctx context.Context, who access.Actor, number id.Number) (Receipt, error) {
	err := who.May(access.ViewRequests)
	if err != nil {
		return Receipt{}, err
	}
	var out Receipt
	err = s.look(ctx, who, "receipt", func(tx *db.Tx) error {
		var err error
		out, err = s.ReceiptIn(tx, who, number)
		if err != nil {
			return err
		}
		_, err = disclosure.Write(tx, who, disclosure.Look{Member: out.Member, Subject: "receipt/" + string(out.Request), Fields: []access.Field{access.FieldRequests},
			Purpose: purpose(who), Outcome: disclosure.Shown})
		return err
	})
	if err != nil {
		return Receipt{}, err
	}
	return s.Signed(out)
}

// ReceiptIn is ReceiptOf inside a transaction of the caller's, without the
// signature: see Signed.
func (s *Service) ReceiptIn(tx *db.Tx, who access.Actor, number id.Number) (Receipt, error) {
	var draft id.Draft
	var requesting string
	err := tx.Row("select trace, requesting_npi from request where number = $1 and org = $2", string(number), string(who.Org)).Scan(&draft, &requesting)
	if db.NoRows(err) || err == nil && !who.Reaches(requesting) {
		return Receipt{}, errNoRequest
	}
	if err != nil {
		return Receipt{}, err
	}
	return s.firstReceipt(tx, who, draft)
}

// Signed adds the log's signature, outside the transaction: signing needs no
// database, and the entry's digest is final.
func (s *Service) Signed(r Receipt) (Receipt, error) {
	kept := record.Receipt{Entry: r.Entry, At: r.Received}
	digest, err := hex.DecodeString(r.Digest)
	if err != nil {
		return Receipt{}, err
	}
	copy(kept.Digest[:], digest)
	r.Signed, err = s.Record.SignReceipt(kept, string(r.Number))
	return r, err
}

// purpose is why a request is looked at: an office treats, and the plan's
// review of care is part of payment (P-02, 45 CFR 164.501).
func purpose(who access.Actor) access.Purpose {
	if who.Side == access.Office {
		return access.Treatment
	}
	return access.Payment
}

func subject(r id.Request) string { return "request/" + string(r) }

// service says in short what is asked for: the first code with the operator's
// words for it, and how many more there are.
func service(lines []Line, name string) string {
	text := strings.TrimSpace(lines[0].Code + " " + name)
	if len(lines) > 1 {
		text += fmt.Sprintf(" and %d more", len(lines)-1)
	}
	return text
}

// initials stand for a member until somebody opens the request.
func initials(name string) string {
	var out strings.Builder
	for _, w := range strings.Fields(name) {
		for _, r := range w {
			out.WriteRune(r)
			out.WriteRune('.')
			break
		}
	}
	return strings.ToUpper(out.String())
}

func countOf(n int, thing string) string {
	switch n {
	case 0:
		return "no " + thing
	case 1:
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Problems gives what would be refused if the draft were submitted now, for
// the checklist beside the form.
func (s *Service) Problems(ctx context.Context, who access.Actor, sub Submission) ([]fault.Problem, error) {
	err := who.May(access.SubmitRequests)
	if err != nil {
		return nil, err
	}
	var p problems
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		today := civil.Of(tx.Now, s.Zone)
		sub, p = sub.tidy(today)
		_, err := sub.against(tx, who, &p, today)
		return err
	})
	return p, err
}

// scanLine reads a request_line row.
func scanLine(r *sql.Rows) (Line, error) {
	var l Line
	var system, mods, from, to string
	err := r.Scan(&l.ID, &l.No, &l.Code, &system, &mods, &l.Units, &l.UnitKind, &from, &to, &l.Place, &l.Note)
	if err != nil {
		return Line{}, err
	}
	l.System, l.Modifiers = code.System(system), strings.Fields(mods)
	l.From, err = civil.Parse(from)
	if err != nil {
		return Line{}, err
	}
	l.To, err = civil.Parse(to)
	return l, err
}
