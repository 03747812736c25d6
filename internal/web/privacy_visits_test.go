package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/id"
	"hsconnect/internal/portaltest/portal"
)

func TestAStatedVisitIsReviewed(t *testing.T) {
	p := portal.SQLite(t)
	ref := p.LookUp(p.Clerk, p.Eleanor).Member.ID
	visit := id.New[id.Visit](p.Clock.Now())
	today := civil.Of(p.Clock.Now(), p.Zone)
	must(t, p.DB.Update(t.Context(), func(tx *db.Tx) error {
		shown, err := disclosure.Write(tx, p.Clerk.Actor, disclosure.Look{Member: ref, Subject: "member", Fields: []access.Field{access.FieldName}, Purpose: access.Treatment, Outcome: disclosure.Shown})
		if err != nil {
			return err
		}
		_, err = tx.Exec(`insert into member_visit (id, org, org_name, member, person, username, name, session, purpose, visit_on, note, disclosure, sampled, at_us, until_us)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`, string(visit), string(p.Office.ID), p.Office.Name, string(ref),
			string(p.Clerk.Actor.Person), p.Clerk.Username, p.Clerk.Actor.Name, "s", string(access.Treatment), today.String(), "seen <b>today</b>", string(shown), int64(1), db.Micros(tx.Now), db.Micros(tx.Now)+1)
		return err
	}))
	b := p.SignedIn(t, p.Privacy)
	if a := b.Get("/plan/privacy"); !strings.Contains(a.Body, "/plan/privacy/visits/"+string(visit)) || strings.Contains(a.Body, "Whitfield") {
		t.Error("the desk does not lead to the statement, or names the member")
	}
	path := "/plan/privacy/visits/" + string(visit)
	before := looksOf(t, p, p.Privacy)
	a := b.Get(path)
	if !strings.Contains(a.Text(), "Whitfield-Castellanos") || !strings.Contains(a.Body, "seen &lt;b&gt;today") || looksOf(t, p, p.Privacy) != before+1 || faultsOf(a.Body) != nil {
		t.Errorf("%d %v", a.Status, faultsOf(a.Body))
	}
	if a = b.Post(path, url.Values{"outcome": {"misuse"}}); a.Status != http.StatusUnprocessableEntity || faultsOf(a.Body) != nil {
		t.Errorf("misuse without a word: %d %v", a.Status, faultsOf(a.Body))
	}
	if a = b.Post(path, url.Values{"outcome": {"right"}}); a.Status != http.StatusSeeOther {
		t.Errorf("reviewing: %d", a.Status)
	}
	if a = b.Post(path, url.Values{"outcome": {"right"}}); a.Status != http.StatusConflict || !strings.Contains(a.Text(), "Reviewed by Pia Privacy") {
		t.Errorf("reviewing twice: %d", a.Status)
	}
}
