package web_test

import (
	"crypto/rand"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/civil"
	"hsconnect/internal/copies"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/glass"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/printout"
)

// Nobody reviews or approves what she did herself, whichever of her accounts
// she did it with.
func TestNobodyReviewsHerOwnWithAnotherAccount(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		twin := p.Create(account.NewPerson{Username: "pia.clerk", Name: "Pia  privacy", Side: access.Office, Org: p.Office.ID, OrgName: p.Office.Name, OrgTIN: p.Office.TIN, Roles: []access.Role{access.Requester}})
		admin := p.Create(account.NewPerson{Username: "admin.two", Name: p.PlanAdmin.Actor.Name, Side: access.Plan, OrgName: portal.PlanName, Roles: []access.Role{access.PlanAdmin}})
		second := p.Create(account.NewPerson{Username: "petra.privacy", Name: "Petra Other", Side: access.Plan, OrgName: portal.PlanName, Roles: []access.Role{access.PrivacyOfficer, access.PlanAdmin}})
		ctx, hers := t.Context(), twin.Actor
		hers.Session = id.New[id.Session](p.DB.Now())
		loadMembers(t, p, portal.Operator(), "all.csv", enrolled(0, 40, ""))
		held := loadMembers(t, p, p.PlanAdmin.Actor, "own.csv", enrolled(0, 20, "2026-12-31")).Held

		visit := coverage.Query{Key: member.Key{Number: "IMP7", Birth: civil.Date{Y: 1948, M: 7, D: 19}}, Purpose: access.Treatment, Visit: p.Seen()}
		sheet, err := p.Coverage.LookUp(ctx, hers, visit)
		if err != nil {
			t.Fatal(err)
		}
		var stated id.Visit
		err = p.DB.View(ctx, func(tx *db.Tx) error {
			return tx.Row("select id from member_visit where person = $1", string(hers.Person)).Scan(&stated)
		})
		if err != nil {
			t.Fatal(err)
		}
		var copied printout.Printed
		for range 2 {
			copied, err = p.Printout.Print(ctx, hers, printout.Order{Kind: printout.Eligibility, Ref: printout.EligibilityRef(sheet.Member.ID, sheet.On), Token: rand.Text(), Reason: "the first one was lost", Proven: true})
			if err != nil {
				t.Fatal(err)
			}
		}
		opened, err := p.Glass.Open(ctx, hers, glass.Ask{Member: restrict(t, p), Reason: why})
		if err != nil {
			t.Fatal(err)
		}
		tries := map[string]func(privacy, admin access.Actor) error{
			"an opening": func(who, _ access.Actor) error {
				return p.Glass.Review(ctx, who, opened.ID, glass.Justified, "looked at it")
			},
			"a visit": func(who, _ access.Actor) error { return p.Desk.ReviewVisit(ctx, who, stated, member.VisitRight, "") },
			"a copy": func(who, _ access.Actor) error {
				return p.Printout.Review(ctx, who, copied.Copy.ID, copies.Explained, "looked at it")
			},
			"a file": func(_, who access.Actor) error { return p.Files.Approve(ctx, who, held, "agreed with the sponsor") },
		}
		desk, err := p.Desk.Desk(ctx, p.Privacy.Actor)
		if err != nil {
			t.Fatal(err)
		}
		own := 0 // waits for somebody else
		for _, sort := range desk.Sorts {
			own += sort.Own
		}
		if own < 2 {
			t.Errorf("%d of the list count as her own: the opening and the copy should", own)
		}
		for name, try := range tries {
			if err := try(p.Privacy.Actor, admin.Actor); !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s of her own: %v", name, err)
			}
			if err := try(second.Actor, second.Actor); err != nil {
				t.Errorf("%s by somebody else: %v", name, err)
			}
		}
	})
}
