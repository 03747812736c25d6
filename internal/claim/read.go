package claim

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/glass"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/watch"
)

// Bounds of a search.
const (
	PageSize    = 50
	longestSpan = 92 // days of service in one search
	mostHistory = 50
)

// listSubject is the subject of a look at a list of claims.
const listSubject = "claims"

var (
	errNone   = fault.New(fault.NotFound, "There is no such claim among your office’s. Check the number, or ask the HelpDesk")
	errCursor = fault.New(fault.NotFound, "This page of the list no longer exists. Start again at the first page")
)

func may(who access.Actor) error {
	err := who.May(access.ViewClaims)
	if err != nil {
		return err
	}
	if who.Side != access.Office || who.Org == "" {
		return fault.New(fault.Forbidden, "Claims are shown to the offices they are about. The plan looks them up in its own system")
	}
	return nil
}

// facts gives which facts of claims and of their members somebody may be
// shown for a purpose: what the ledger says is shown, where there are any.
// Somebody who may not see claims is Forbidden.
func facts(tx *db.Tx, who access.Actor, purpose access.Purpose, also ...access.Field) ([]access.Field, error) {
	err := may(who)
	if err != nil {
		return nil, err
	}
	fields, err := member.FieldsFor(tx, who, purpose, listSubject, append(also, access.FieldName, access.FieldBirth, access.FieldMemberID, access.FieldClaims, access.FieldAmounts)...)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(fields, access.FieldClaims) {
		return nil, fault.New(fault.Forbidden, "Your account may not see claims. Ask your office's local administrator, or the HelpDesk")
	}
	return fields, nil
}

// without leaves a fact out: one of which there is nothing to show.
func without(fields []access.Field, f access.Field) []access.Field {
	return slices.DeleteFunc(slices.Clone(fields), func(one access.Field) bool { return one == f })
}

// finding is a way to claims, and what the ledger says when it leads nowhere.
type finding struct {
	guarded bool // by the watch over look-ups: something was typed
	missed  disclosure.Look
	key     member.Key // of a member, when one was typed
	find    func(tx *db.Tx) error
}

// looked finds, or writes down that nothing was found, in one transaction:
// what was in vain counts before the next look is let through. A finding that
// answers NotFound has written nothing.
func (s *Service) looked(ctx context.Context, who access.Actor, f finding) error {
	err := may(who)
	if err != nil {
		return err
	}
	f.missed.Purpose = access.Payment
	var instead error // of an answer, after the commit
	err = s.DB.Update(ctx, func(tx *db.Tx) (err error) {
		instead = nil
		if f.guarded {
			instead, err = s.Watch.BeforeLook(tx, who)
			if err != nil || instead != nil {
				return err
			}
		}
		err = f.find(tx)
		missed, refused := member.Missed(err, f.missed)
		if !refused {
			return err
		}
		instead = err
		return s.inVain(tx, who, f, missed, err)
	})
	if err == nil {
		err = instead
	}
	return err
}

// inVain writes a look that showed nothing into the ledger, and counts it. One
// that ended at a member under restriction, whom the actor may open with a
// reason, was not in vain, and counts for nothing.
func (s *Service) inVain(tx *db.Tx, who access.Actor, f finding, missed disclosure.Look, why error) error {
	row, err := disclosure.Write(tx, who, missed)
	if _, closed := glass.Member(why); err != nil || closed || !f.guarded {
		return err
	}
	half := false
	if f.key != (member.Key{}) && missed.Member == "" {
		half, err = member.HalfFits(tx, who, f.key)
		if err != nil {
			return err
		}
	}
	return s.Watch.AfterLook(tx, who, watch.Looked{Row: row, Outcome: missed.Outcome, Number: f.key.Number, Half: half})
}

// ByMember gives the claims of the actor's organization for the member that
// the key names by number and birth date, newest service first. The
// organization must be able to see the member already, as a claim lets it for
// 18 months. It answers TooMany to somebody who has looked in vain too often.
func (s *Service) ByMember(ctx context.Context, who access.Actor, key member.Key, after string) (Page, error) {
	var page Page
	err := s.looked(ctx, who, finding{guarded: true, key: key, missed: disclosure.Look{Subject: listSubject, Key: key.Kind(), Outcome: disclosure.NotFound}, find: func(tx *db.Tx) error {
		ref, err := member.Tied(tx, who, key)
		if err != nil {
			return err
		}
		page, err = rowsOf(tx, who, access.Payment, filter{where: "p.member = $2", args: []any{string(ref)}}, after)
		if err != nil {
			return err
		}
		shows := page.fields
		switch {
		case len(page.Rows) == 0:
			shows = []access.Field{access.FieldName} // of the member to whom there are no claims
		case !slices.ContainsFunc(page.Rows, Summary.hasAmounts):
			shows = without(shows, access.FieldAmounts)
		}
		m, err := member.Get(tx, who, access.Payment, listSubject, ref, shows...)
		if err != nil {
			return err
		}
		page.Member = m
		for i := range page.Rows {
			page.Rows[i].Member = m
		}
		return nil
	}})
	return page, err
}

// ByNumber gives the claims of the actor's organization with a number: the
// plan's, or the office's own. Of a single one it gives the ID alone, for a
// door that then opens the claim: that shows it, and writes down that it did.
// It answers NotFound for none.
func (s *Service) ByNumber(ctx context.Context, who access.Actor, number string) (Page, error) {
	key := fold(number)
	if key == "" || len(key) > longestNumber {
		return Page{}, fault.Bad(fault.Problem{Path: "claim", Text: "Type the claim number: the plan's, or your own"})
	}
	var page Page
	err := s.looked(ctx, who, finding{guarded: true, missed: disclosure.Look{Subject: listSubject, Key: "claim number", Outcome: disclosure.NotFound}, find: func(tx *db.Tx) error {
		f, err := ofNumber(tx, who.Org, key)
		if err != nil {
			return err
		}
		page, err = rowsOf(tx, who, access.Payment, f, "")
		if err != nil {
			return err
		}
		page.Rows, err = admitted(tx, who, page.Rows)
		switch {
		case err != nil:
			return err
		case len(page.Rows) == 0:
			return errNone
		case len(page.Rows) == 1:
			page = Page{Rows: []Summary{{ID: page.Rows[0].ID}}}
			return nil
		}
		return page.named(tx, who, access.Payment)
	}})
	return page, err
}

// admitted leaves out the claims of members whom the actor may not see. Those
// under restriction stay: their page asks for a reason. It shows nothing.
func admitted(tx *db.Tx, who access.Actor, rows []Summary) ([]Summary, error) {
	var out []Summary
	for _, r := range rows {
		err := member.Admit(tx, who, r.member)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if _, closed := glass.Member(err); err != nil && !closed {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// ByDays gives the claims of the actor's organization for service that began
// between two days, newest first. The days lie within the last 18 months and
// at most 92 days apart.
func (s *Service) ByDays(ctx context.Context, who access.Actor, from, to civil.Date, after string) (Page, error) {
	var page Page
	err := s.looked(ctx, who, finding{missed: disclosure.Look{Subject: listSubject, Key: "days of service", Outcome: disclosure.NotFound}, find: func(tx *db.Tx) error {
		err := daysFit(from, to, civil.Of(tx.Now, s.Zone))
		if err != nil {
			return err
		}
		page, err = rowsOf(tx, who, access.Payment, filter{where: "p.from_on >= $2 and p.from_on <= $3", args: []any{text(from), text(to)}}, after)
		if err != nil {
			return err
		}
		return page.named(tx, who, access.Payment)
	}})
	return page, err
}

func daysFit(from, to, today civil.Date) error {
	first := since(today)
	bad := func(path, text string) error { return fault.Bad(fault.Problem{Path: path, Text: text}) }
	switch {
	case from.IsZero():
		return bad("from", "Type the first day of service")
	case to.IsZero():
		return bad("to", "Type the last day of service")
	case to.Before(from):
		return bad("to", "The last day is before the first")
	case from.Before(first):
		return bad("from", "Claims are shown for 18 months after the service: choose a day from "+first.US()+" on")
	case to.After(today):
		return bad("to", "This day is in the future: there are no claims yet")
	case from.AddDays(longestSpan).Before(to):
		return bad("to", "Choose at most 92 days at a time")
	}
	return nil
}

// OfMember gives the newest claims of the actor's organization for a member
// that the actor may see, at most limit, and writes down that they were shown
// when there are any. Somebody who may see no claims gets none.
func OfMember(tx *db.Tx, who access.Actor, purpose access.Purpose, m id.Member, limit int) (Page, error) {
	_, err := facts(tx, who, purpose)
	if fault.Is(err, fault.Forbidden) {
		return Page{}, nil
	}
	if err != nil {
		return Page{}, err
	}
	page, err := rowsOf(tx, who, purpose, filter{where: "p.member = $2", args: []any{string(m)}}, "")
	if err != nil || len(page.Rows) == 0 {
		return page, err
	}
	page.Rows = page.Rows[:min(len(page.Rows), max(limit, 0))]
	return page, page.named(tx, who, purpose)
}

// Tied reports whether an organization has billed or given a service to a
// member, by what the plan's system has told, so lately that the claim ties
// them for as long as what a member.TieFinder has found is believed. The very
// end of the 18 months is in the tie that was bound when the claim was loaded.
func Tied(tx *db.Tx, org id.Organization, m id.Member) (bool, error) {
	first := since(civil.Of(tx.Now.Add(member.FoundLasts), time.UTC))
	found, err := db.Collect(func(r *sql.Rows) (suspect, error) {
		var s suspect
		var diagnoses string
		err := r.Scan(&s.id, &s.biller, &s.detail, &diagnoses)
		s.diagnoses = strings.Fields(diagnoses)
		return s, err
	})(tx.Rows(`select c.id, c.billing_org, c.detail, c.diagnoses from claim_party p join claim c on c.id = p.claim
		where p.org = $1 and p.member = $2 and c.to_on >= $3 order by case when c.billing_org = p.org then 0 else 1 end limit $4`,
		string(org), string(m), text(first), PageSize))
	if err != nil || len(found) == 0 {
		return false, err
	}
	if found[0].biller == org {
		return true, nil
	}
	hide, err := withheld(tx, org, found...)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(found, func(s suspect) bool { return !hide[s.id] }), nil
}
