package priorauth

import (
	"context"
	"database/sql"
	"encoding/hex"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/clock"
	"hsconnect/internal/code"
	"hsconnect/internal/codeset"
	"hsconnect/internal/db"
	"hsconnect/internal/document"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/message"
	"hsconnect/internal/provider"
	"hsconnect/internal/sensitive"
)

// Case gives one request with everything the reader may see, and writes down
// that it was shown.
func (s *Service) Case(ctx context.Context, who access.Actor, number id.Number) (Case, error) {
	err := who.May(access.ViewRequests)
	if err != nil {
		return Case{}, err
	}
	var c Case
	err = s.look(ctx, who, "request", func(tx *db.Tx) error {
		var err error
		c, err = s.CaseIn(tx, who, number)
		return err
	})
	if err != nil {
		return Case{}, err
	}
	return c, nil
}

// Place gives which request and whose member a number stands for, to somebody
// about to add to it. It shows nothing of either.
func (s *Service) Place(ctx context.Context, who access.Actor, number id.Number) (id.Request, id.Member, error) {
	err := who.May(access.SubmitRequests)
	if err != nil {
		return "", "", err
	}
	var st State
	err = s.look(ctx, who, "request", func(tx *db.Tx) error {
		var err error
		st, err = StateOf(tx, who, number, 0)
		if err == nil && !st.Status.Open() {
			return fault.New(fault.Conflict, "This request is already decided or cancelled, so nothing can be added to it. Send a new request")
		}
		return err
	})
	return st.Request, st.Member, err
}

// CaseIn is Case inside a transaction of the caller's, who has checked that
// who may see requests.
func (s *Service) CaseIn(tx *db.Tx, who access.Actor, number id.Number) (Case, error) {
	return s.CaseFor(tx, who, number, "")
}

// CaseFor is CaseIn for somebody who shows it in another way than on its page.
// The ledger names that as the subject, with the facts about the member that
// are shown.
func (s *Service) CaseFor(tx *db.Tx, who access.Actor, number id.Number, opened string, shows ...access.Field) (Case, error) {
	c, lastOn, err := s.head(tx, who, number)
	if err != nil {
		return Case{}, err
	}
	if opened == "" {
		opened, shows = subject(c.ID), []access.Field{access.FieldName, access.FieldBirth, access.FieldMemberID, access.FieldRequests}
	}
	c.Member, err = shownFor(tx, who, opened, c.Member.ID, errNoRequest, shows...)
	if err != nil {
		return Case{}, err
	}
	c.Confidential, err = member.Confidential(tx, who, c.Member.ID)
	if err != nil {
		return Case{}, err
	}
	lines, err := linesOf(tx, c.ID)
	if err != nil {
		return Case{}, err
	}
	c.Determination, err = determinationOf(tx, c.ID)
	if err != nil {
		return Case{}, err
	}
	asks := make([]codeset.Ask, 0, len(c.Diagnoses))
	for _, d := range c.Diagnoses {
		asks = append(asks, codeset.Ask{System: code.ICD10CM, Code: d.Code, On: lines[0].From})
	}
	names, err := codeset.Judge(tx, asks)
	if err != nil {
		return Case{}, err
	}
	for i := range names {
		c.Diagnoses[i].Name = names[i].Display
	}
	c.Lines, err = caseLines(tx, lines, c.Determination)
	if err != nil {
		return Case{}, err
	}
	c.Documents, err = document.OfRequest(tx, who, c.ID)
	if err != nil {
		return Case{}, err
	}
	c.Thread, err = message.Thread(tx, who, c.ID)
	if err != nil {
		return Case{}, err
	}
	c.Timeline, err = timeline(tx, who, c.ID)
	if err != nil {
		return Case{}, err
	}
	c.Labels, err = protection(tx, c.ID, c.Diagnoses, lines)
	if err != nil {
		return Case{}, err
	}
	c.Notice = sensitive.Notice(c.Labels)
	c.Status = shown(c.Status, lastOn, tx.Now, s.Zone)
	c.Next = next(c.Status, who.Side, c.Lapsed)
	return c, nil
}

// head reads the request, its state and its parties.
func (s *Service) head(tx *db.Tx, who access.Actor, number id.Number) (Case, civil.Date, error) {
	var c Case
	var received, target, limit, lapsed int64
	var diagnoses, admit, last, rule, requesting, servicing string
	var digest []byte
	err := tx.Row(`select r.id, r.number, r.org, r.org_name, r.member, r.kind, r.urgency, r.statement, r.statement_by, r.requesting_npi, r.servicing_npi,
			r.diagnoses, r.notes, r.contact_name, r.contact_phone, r.admit_on, r.received_us, r.rule, r.target_us, r.limit_us, r.person_name, r.entry, r.digest,
			s.version, s.status, s.owner, s.owner_name, s.specialty, s.lapsed, s.last_on
		from request r join request_state s on s.request = r.id where r.number = $1`, string(number)).
		Scan(&c.ID, &c.Number, &c.Org, &c.OrgName, &c.Member.ID, &c.Kind, &c.Urgency, &c.Statement, &c.StatementBy, &requesting, &servicing,
			&diagnoses, &c.Notes, &c.ContactName, &c.ContactPhone, &admit, &received, &rule, &target, &limit, &c.SubmittedBy, &c.Entry, &digest,
			&c.Version, &c.Status, &c.Owner, &c.OwnerName, &c.Specialty, &lapsed, &last)
	if db.NoRows(err) || err == nil && who.Side == access.Office && (c.Org != who.Org || !who.Reaches(requesting)) {
		return Case{}, civil.Date{}, errNoRequest
	}
	if err != nil {
		return Case{}, civil.Date{}, err
	}
	c.Received, c.Lapsed, c.Digest = db.Time(received), lapsed == 1, hex.EncodeToString(digest)
	c.Deadline = clock.Due(clockKind(c.Urgency), c.Received, s.Zone)
	c.Deadline.Target, c.Deadline.Limit = db.Time(target), db.Time(limit)
	for _, d := range strings.Fields(diagnoses) {
		c.Diagnoses = append(c.Diagnoses, Diagnosis{Code: d})
	}
	c.AdmitOn, err = civilOrZero(admit)
	if err != nil {
		return Case{}, civil.Date{}, err
	}
	c.Requesting, err = partyOf(tx, requesting)
	if err != nil {
		return Case{}, civil.Date{}, err
	}
	c.Servicing, err = partyOf(tx, servicing)
	if err != nil {
		return Case{}, civil.Date{}, err
	}
	lastOn, err := civilOrZero(last)
	return c, lastOn, err
}

// partyOf gives a provider by NPI; one that has left the directory since
// keeps its number.
func partyOf(tx *db.Tx, npi string) (provider.Party, error) {
	p, err := provider.Find(tx, code.NPI(npi))
	if fault.Is(err, fault.NotFound) {
		return provider.Party{NPI: code.NPI(npi), Name: "NPI " + npi}, nil
	}
	return p, err
}

func linesOf(tx *db.Tx, request id.Request) ([]Line, error) {
	return db.Collect(scanLine)(tx.Rows(`select id, no, code, system, modifiers, units, unit_kind, from_on, to_on, place, note
		from request_line where request = $1 order by no`, string(request)))
}

// LinesOf gives the lines of a request in order.
func LinesOf(tx *db.Tx, st State) ([]Line, error) { return linesOf(tx, st.Request) }

func caseLines(tx *db.Tx, lines []Line, det *Determination) ([]CaseLine, error) {
	asks := make([]codeset.Ask, len(lines))
	for i, l := range lines {
		asks[i] = codeset.Ask{System: l.System, Code: l.Code, On: l.From}
	}
	names, err := codeset.Judge(tx, asks)
	if err != nil {
		return nil, err
	}
	out := make([]CaseLine, len(lines))
	for i, l := range lines {
		out[i] = CaseLine{Line: l, Name: names[i].Display}
		if det == nil {
			continue
		}
		for j := range det.Lines {
			if det.Lines[j].Line == l.ID {
				out[i].Decision = &det.Lines[j]
			}
		}
	}
	return out, nil
}

// determinationOf gives the newest determination of a request, or nil.
func determinationOf(tx *db.Tx, request id.Request) (*Determination, error) {
	d := Determination{Request: request}
	var at int64
	err := tx.Row("select id, person, name, licence, at_us, entry from determination where request = $1 order by at_us desc, id desc limit 1", string(request)).
		Scan(&d.ID, &d.By, &d.ByName, &d.Licence, &at, &d.Entry)
	if db.NoRows(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	d.At = db.Time(at)
	d.Lines, err = db.Collect(scanDecision)(tx.Rows(`select line, action, units, from_on, to_on, reason, criterion, narrative
		from determination_line where determination = $1 order by line`, string(d.ID)))
	if err != nil {
		return nil, err
	}
	return &d, nil
}

func scanDecision(r *sql.Rows) (LineDecision, error) {
	var d LineDecision
	var from, to string
	err := r.Scan(&d.Line, &d.Action, &d.Units, &from, &to, &d.Reason, &d.Criterion, &d.Narrative)
	if err != nil {
		return d, err
	}
	d.From, err = civilOrZero(from)
	if err != nil {
		return d, err
	}
	d.To, err = civilOrZero(to)
	return d, err
}

// timeline gives the steps of a request's life, oldest first; an office gets
// those that are meant for it.
func timeline(tx *db.Tx, who access.Actor, request id.Request) ([]Event, error) {
	least := int64(0)
	if who.Side == access.Office {
		least = 1
	}
	return db.Collect(func(r *sql.Rows) (Event, error) {
		var e Event
		var at, side int64
		err := r.Scan(&at, &e.Name, &side, &e.Door, &e.Kind, &e.What)
		e.At, e.Side = db.Time(at), access.Side(side)
		return e, err
	})(tx.Rows("select at_us, name, side, door, kind, what from request_event where request = $1 and office >= $2 order by at_us, id", string(request), least))
}

func civilOrZero(text string) (civil.Date, error) {
	if text == "" {
		return civil.Date{}, nil
	}
	return civil.Parse(text)
}
