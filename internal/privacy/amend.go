package privacy

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/document"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/message"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/record"
)

// Link is a part of the record that an amendment is about.
type Link struct {
	Subject string // "request/<id>", "document/<id>", "message/<id>"
	Request id.Request
	Number  id.Number
	What    string // in words, without what it says
}

// Recipient is an organization that was shown what was amended.
type Recipient struct {
	Org  id.Organization
	Name string
	Last time.Time // when it looked last
	Told time.Time // zero: not yet
	How  string
}

const (
	portal   = "through the portal: the thread of the request"
	linkMost = 50
)

func scanLink(r *sql.Rows) (Link, error) {
	var l Link
	err := r.Scan(&l.Subject, &l.Request, &l.Number)
	l.What = partWords(l.Subject)
	return l, err
}

func partWords(subject string) string {
	kind, _, _ := strings.Cut(subject, "/")
	switch kind {
	case "document":
		return "a document"
	case "message":
		return "a message"
	}
	return "the whole request"
}

func linksOf(tx *db.Tx, ref ID) ([]Link, error) {
	return db.Collect(scanLink)(tx.Rows("select subject, request, number from privacy_linked where case_id = $1 order by number, at_us, subject", string(ref)))
}

// links gives what is linked, and what of the linked requests could be.
func (s *Service) links(tx *db.Tx, who access.Actor, c Case) (linked, more []Link, err error) {
	linked, err = linksOf(tx, c.ID)
	if err != nil || c.Kind != Amendment {
		return linked, nil, err
	}
	known := map[string]bool{}
	for _, l := range linked {
		known[l.Subject] = true
	}
	for i, l := range linked {
		kind, _, _ := strings.Cut(l.Subject, "/")
		parts, err := parts(tx, who, l)
		if err != nil {
			return nil, nil, err
		}
		for _, p := range parts {
			if p.Subject == l.Subject {
				linked[i].What = p.What
			}
			if kind == "request" && !known[p.Subject] && c.mayLink() {
				more = append(more, p)
			}
		}
	}
	return linked, more, nil
}

// parts gives the documents and messages of a linked request. Names of files
// and texts stay out: people put patients into them.
func parts(tx *db.Tx, who access.Actor, l Link) ([]Link, error) {
	docs, err := document.OfRequest(tx, who, l.Request)
	if err != nil {
		return nil, err
	}
	var out []Link
	for _, d := range docs {
		what := d.Kind
		if what == "" {
			what = d.TypeName() + " document"
		}
		out = append(out, Link{Subject: "document/" + string(d.ID), Request: l.Request, Number: l.Number, What: what + " of " + d.ReceivedAt.Format("Jan 2, 2006")})
	}
	thread, err := message.Thread(tx, who, l.Request)
	if err != nil {
		return nil, err
	}
	for _, m := range thread {
		if m.Kind != message.Internal {
			out = append(out, Link{Subject: "message/" + string(m.ID), Request: l.Request, Number: l.Number, What: string(m.Kind) + " by " + m.Name + ", " + m.At.Format("Jan 2, 2006")})
		}
	}
	return out, nil
}

// mayLink reports whether a part of the record may be named: until the answer,
// and after a denial, which goes with whatever it is about (45 CFR 164.526(d)).
func (c Case) mayLink() bool {
	return c.Kind == Amendment && (c.Pending || c.Outcome == Denied)
}

// Link names a part of the record that an amendment is about: the request with
// the number, and of it one document or message when part says which. What
// the member asks for is appended to the request's record at once, and after a
// denial all that was said since. A request that is none of the member's is
// NotFound, like one that does not exist.
func (s *Service) Link(ctx context.Context, who access.Actor, ref ID, version int64, number id.Number, part string) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		c, err := caseOf(tx, who, ref, version)
		switch {
		case err != nil:
			return err
		case c.Kind != Amendment:
			return fault.New(fault.Conflict, "Only an amendment is about parts of the record")
		case !c.mayLink():
			return errDone()
		}
		st, err := priorauth.StateOf(tx, who, number, 0)
		if err == nil && st.Member != c.Member {
			err = fault.New(fault.NotFound, "This member has no request with this number. Check the number")
		}
		if fault.Is(err, fault.NotFound) {
			return fault.Bad(fault.Problem{Path: "authorization", Text: "This member has no request with this number. Check the number"})
		}
		if err != nil {
			return err
		}
		return s.link(tx, who, c, st, part)
	})
}

func (s *Service) link(tx *db.Tx, who access.Actor, c Case, st priorauth.State, part string) error {
	linked, err := linksOf(tx, c.ID)
	if err != nil {
		return err
	}
	whole := Link{Subject: "request/" + string(st.Request), Request: st.Request, Number: st.Number}
	l := whole
	if part != "" {
		all, err := parts(tx, who, whole)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(p Link) bool { return p.Subject == part })
		if i < 0 {
			return fault.New(fault.NotFound, "There is no such document or message in this request")
		}
		l = all[i]
	}
	if len(linked) >= linkMost {
		return fault.New(fault.Conflict, "An amendment is about 50 parts of the record at most. Open a second one for the others")
	}
	n, err := tx.Exec("insert into privacy_linked (case_id, subject, request, number, at_us) values ($1, $2, $3, $4, $5) on conflict do nothing",
		string(c.ID), l.Subject, string(l.Request), string(l.Number), db.Micros(tx.Now))
	if err != nil || n == 0 {
		return err
	}
	entry, err := appendTo(tx, who, c, l, "amendment.requested", "A member's request to amend the record", c.Asked)
	if err != nil {
		return err
	}
	err = priorauth.Remark(tx, who, st, "amendment", "A member asks to amend this record", false, entry)
	if err != nil {
		return err
	}
	if !c.Pending {
		err = s.appendSaid(tx, who, c, st, l, linked)
		if err != nil {
			return err
		}
	}
	_, err = step(tx, who, &c, "linked", string(l.Number)+": "+or(l.What, "the whole request"), map[string]any{"subject": l.Subject})
	return err
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// appendTo adds an entry to the record of a request, in the shape in which
// every export tells it.
func appendTo(tx *db.Tx, who access.Actor, c Case, l Link, kind, what, text string) (id.Entry, error) {
	raw, err := json.Marshal(map[string]any{"what": what, "request": l.Request, "number": l.Number, "about": l.Subject, "case": c.ID,
		"details": map[string]string{"reason": text}})
	if err != nil {
		return "", err
	}
	kept, err := record.Append(tx, who, record.New{Subject: "request/" + string(l.Request), Kind: kind, Body: raw})
	return kept.Entry, err
}

// appendToAll is appendTo for each part, and gives the first entry of each
// request.
func appendToAll(tx *db.Tx, who access.Actor, c Case, linked []Link, kind, what, text string) (map[id.Request]id.Entry, error) {
	first := map[id.Request]id.Entry{}
	for _, l := range linked {
		entry, err := appendTo(tx, who, c, l, kind, what, text)
		if err != nil {
			return nil, err
		}
		if _, met := first[l.Request]; !met {
			first[l.Request] = entry
		}
	}
	return first, nil
}

// answerAmendment appends the answer to each linked request, and lists who was
// shown what is amended.
func (s *Service) answerAmendment(tx *db.Tx, who access.Actor, c Case, outcome Outcome, text string, body map[string]any) error {
	linked, err := linksOf(tx, c.ID)
	if err != nil {
		return err
	}
	if len(linked) == 0 && outcome == Accepted {
		return fault.Bad(fault.Problem{Path: "outcome", Text: "First name the records that the amendment is about, by authorization number"})
	}
	what := "Amendment accepted. The entries before stay as they are and are read together with this"
	if outcome == Denied {
		what = deniedWords
	}
	entries, err := appendToAll(tx, who, c, linked, "amendment."+string(outcome), what, text)
	if err != nil {
		return err
	}
	var owners []id.Organization
	err = each(linked, func(l Link) error {
		st, err := priorauth.StateOf(tx, who, l.Number, 0)
		if err != nil {
			return err
		}
		if outcome == Denied {
			return priorauth.Remark(tx, who, st, "amendment", "The request to amend this record was denied", false, entries[l.Request])
		}
		owners = append(owners, st.Org)
		return s.tellOffice(tx, who, st, "The record was amended", "Amendment of this record, asked for by the member and accepted by the plan: "+text)
	})
	if err != nil {
		return err
	}
	if outcome == Accepted {
		err = listRecipients(tx, who, c, linked, owners)
		if err != nil {
			return err
		}
	}
	_, err = step(tx, who, &c, string(outcome), text, body)
	return err
}

// each calls fn once for each request among links.
func each(links []Link, fn func(Link) error) error {
	seen := map[id.Request]bool{}
	for _, l := range links {
		if seen[l.Request] {
			continue
		}
		seen[l.Request] = true
		err := fn(l)
		if err != nil {
			return err
		}
	}
	return nil
}

// tellOffice puts a text into the thread of a request, where the office that
// sent it reads it and every export carries it.
func (s *Service) tellOffice(tx *db.Tx, who access.Actor, st priorauth.State, what, text string) error {
	m, err := message.Post(tx, who, st.Request, message.Plain, text)
	if err != nil {
		return err
	}
	return priorauth.Remark(tx, who, st, "amendment", what, true, m.Entry)
}

// listRecipients keeps whom the ledger names for what was amended. Those whose
// own request it is have been told in its thread.
func listRecipients(tx *db.Tx, who access.Actor, c Case, linked []Link, owners []id.Organization) error {
	var subjects []string
	for _, l := range linked {
		subjects = append(subjects, l.Subject)
	}
	_ = each(linked, func(l Link) error {
		subjects = append(subjects, "request/"+string(l.Request), "record/"+string(l.Request))
		return nil
	})
	slices.Sort(subjects)
	shown, err := disclosure.ShownTo(tx, who, slices.Compact(subjects))
	if err != nil {
		return err
	}
	for _, r := range shown {
		_, err = tx.Exec("insert into privacy_recipient (case_id, org, name, last_us, at_us) values ($1, $2, $3, $4, $5) on conflict do nothing",
			string(c.ID), string(r.Org), r.Name, db.Micros(r.Last), db.Micros(tx.Now))
		if err != nil {
			return err
		}
		if slices.Contains(owners, r.Org) {
			err = told(tx, who, c.ID, r.Org, portal)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func told(tx *db.Tx, who access.Actor, ref ID, org id.Organization, how string) error {
	_, err := tx.Exec("insert into privacy_told (case_id, org, how, person, name, at_us) values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
		string(ref), string(org), how, string(who.Person), who.Name, db.Micros(tx.Now))
	return err
}

func scanRecipient(r *sql.Rows) (Recipient, error) {
	var out Recipient
	var last, toldAt int64
	err := r.Scan(&out.Org, &out.Name, &last, &toldAt, &out.How)
	out.Last, out.Told = db.Time(last), db.Time(toldAt)
	return out, err
}

func recipientsOf(tx *db.Tx, ref ID) ([]Recipient, error) {
	return db.Collect(scanRecipient)(tx.Rows(`select r.org, r.name, r.last_us, coalesce(t.at_us, 0), coalesce(t.how, '')
		from privacy_recipient r left join privacy_told t on t.case_id = r.case_id and t.org = r.org where r.case_id = $1 order by r.name, r.org`, string(ref)))
}

// Tell notes that an organization was told of an accepted amendment, and how.
func (s *Service) Tell(ctx context.Context, who access.Actor, ref ID, version int64, org id.Organization, how string) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		c, err := caseOf(tx, who, ref, version)
		if err != nil {
			return err
		}
		how, problem := message.Clean("how", how)
		if problem == nil && how == "" {
			problem = &fault.Problem{Path: "how", Text: "Say how it was told, such as by letter of a day"}
		}
		if problem != nil {
			return fault.Bad(*problem)
		}
		all, err := recipientsOf(tx, ref)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(r Recipient) bool { return r.Org == org })
		if i < 0 {
			return fault.New(fault.NotFound, "This organization is not among those to be told")
		}
		if !all[i].Told.IsZero() {
			return nil
		}
		err = told(tx, who, ref, org, how)
		if err != nil {
			return err
		}
		_, err = step(tx, who, &c, "told", all[i].Name+": "+how, map[string]any{"org": org})
		return err
	})
}
