package web_test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/job"
	"hsconnect/internal/member"
	"hsconnect/internal/portaltest/portal"
)

// notice lets it become known, after the office has looked, that her coverage
// began earlier: the office's first page says so.
func (s *stage) notice(t *testing.T) {
	t.Helper()
	s.Clock.Advance(time.Minute)
	loadMembers(t, s.Portal, portal.Operator(), "earlier.csv", "PLT770001,Plantedlast,Plantedfirst,1949-04-17,PLANTED,2026-01-03,\n")
	s.must(t, s.Coverage.HandleTell(t.Context(), job.Job{}))
	_, members, err := s.Coverage.Notices(t.Context(), s.Viewer.Actor)
	s.must(t, err)
	if members != 1 {
		t.Fatalf("%d notices", members)
	}
}

// A day before the birth is answered with the page of today, and by the words
// that say so: the ledger names what they confirm, and the page. Nothing is
// printed of such a day (K-23, 45 CFR 164.528).
func TestADayBeforeTheBirthShowsNoDay(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		s := newStage(t, p)
		born := civil.Date{Y: 2026, M: 6, D: 17}
		s.must(t, s.DB.Update(t.Context(), func(tx *db.Tx) error {
			known, err := member.Known(tx, portal.Operator(), []string{"PLT770001"})
			if err != nil {
				return err
			}
			m := known[member.FoldNumber("PLT770001")]
			m.Birth = born
			_, err = member.Put(tx, portal.Operator(), m)
			return err
		}))
		s.plants[access.FieldBirth] = []string{born.US(), "6/17/2026", born.Long(), born.String()}
		said := 0
		for _, who := range s.people {
			l := s.lookTo(t, "GET /members/{id}", "/members/"+string(s.member)+"?on=6/16/2026", nil, who)
			l.exact(t, s)
			if strings.Contains(l.answer.Text(), "before the member was born") {
				said++
				alone := slices.ContainsFunc(l.rows, func(r disclosure.Row) bool { return slices.Equal(r.Fields, []access.Field{access.FieldBirth}) })
				if !alone {
					t.Errorf("%s: no line for what the words confirm: %v", who.Username, l.rows)
				}
			}
			path := "/print/eligibility/" + string(s.member) + ".2026-06-16"
			l = s.lookTo(t, "POST /print/{kind}/{id}", path, url.Values{"token": {rand.Text()}, "reason": {"to see what a copy shows"}}, who)
			if l.exact(t, s); l.answer.Status < http.StatusBadRequest || len(l.named) > 0 {
				t.Errorf("%s: %d, a copy of a day before the birth names %v", who.Username, l.answer.Status, l.named)
			}
		}
		if said < 4 {
			t.Errorf("only %d were told", said)
		}
	})
}
