package coverage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/provider"
)

const (
	ours1   = "1234567893"
	ours2   = "1679576722"
	another = "1003000126"
)

func withPCP(number, last, from, to, npi, since string) string {
	return number + "," + last + ",Ann,1990-05-05,P1," + from + "," + to + "," + npi + "," + since + "\n"
}

func loadPCP(t testing.TB, s *coverage.Service, rows string) {
	t.Helper()
	rep, err := s.Import(t.Context(), importer(), file("member_number,last,first,birth,plan,from,to,pcp_npi,pcp_from\n"+rows), coverage.CSV, nil)
	if err != nil || rep.RefusedTotal > 0 {
		t.Fatalf("%+v %v", rep, err)
	}
}

func staff(t testing.TB, d *db.DB) {
	t.Helper()
	directory(t, d)
	err := d.Update(t.Context(), func(tx *db.Tx) error {
		return provider.PutPractitioner(tx, importer(), provider.Practitioner{NPI: ours2, First: "Sam", Last: "Second", Org: "org", InNetwork: true})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func panelOf(t testing.TB, s *coverage.Service, org string, q coverage.PanelQuery) coverage.Panel {
	t.Helper()
	p, err := s.Panel(t.Context(), clerk(org), q)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func names(p coverage.Panel) []string {
	out := []string{}
	for _, r := range p.Rows {
		text := r.Member.Last
		if r.Why != "" {
			text += ": " + r.Why
		}
		out = append(out, text)
	}
	return out
}

func TestPanelSaysWhoCameAndWhoWent(t *testing.T) {
	clock := dbtest.NewClock() // November 23, 2026
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		at(t, clock, "2026-10-15T15:00:00Z")
		staff(t, d)
		loadPCP(t, s, withPCP("M1", "Zed", "2026-01-01", "", ours1, "")+ // stays
			withPCP("M2", "Ames", "2026-01-01", "", ours2, "")+ // moves to a colleague in November
			withPCP("M3", "Borg", "2026-01-01", "2026-11-10", ours1, "")+ // coverage ends
			withPCP("M4", "Cole", "2026-01-01", "", ours1, "")+ // goes elsewhere
			withPCP("M5", "Dunn", "2026-01-01", "", another, "")+ // comes
			withPCP("M6", "Eze", "2026-11-05", "", ours2, "")+ // coverage begins
			withPCP("M7", "Fox", "2026-01-01", "2026-09-30", ours1, "")+ // over for longer than 31 days in November
			withPCP("M8", "Gray", "2026-01-01", "", another, ""))
		at(t, clock, "2026-11-23T15:00:00Z")
		loadPCP(t, s, withPCP("M2", "Ames", "2026-01-01", "", ours1, "2026-11-02")+withPCP("M4", "Cole", "2026-01-01", "", another, "2026-11-12")+
			withPCP("M5", "Dunn", "2026-01-01", "", ours1, "2026-11-20"))
		p := panelOf(t, s, "org", coverage.PanelQuery{List: coverage.PanelAll})
		if got := names(p); !slices.Equal(got, []string{"Ames", "Dunn", "Eze", "Zed"}) || p.Members != 4 || p.Added != 2 || p.Dropped != 2 || !p.ByName || p.More ||
			p.On != day(t, "2026-11-23") || p.Before != day(t, "2026-11-01") || len(p.Providers) != 2 {
			t.Errorf("today: %v, %+v", got, p)
		}
		if r := p.Rows[0]; r.PCP.Name != "Pat Care" || r.Since != day(t, "2026-11-02") || r.Plan != "P1" || r.From != day(t, "2026-01-01") || r.Member.Number != "M2" || r.Member.Street != "" {
			t.Errorf("%+v", r)
		}
		if got := names(panelOf(t, s, "org", coverage.PanelQuery{List: coverage.PanelAdded})); !slices.Equal(got, []string{"Dunn: New to this provider", "Eze: Coverage began"}) {
			t.Errorf("added: %v", got)
		}
		if got := names(panelOf(t, s, "org", coverage.PanelQuery{List: coverage.PanelDropped})); !slices.Equal(got, []string{"Borg: Coverage ended", "Cole: Moved to another provider"}) {
			t.Errorf("dropped: %v", got)
		}
		if got := names(panelOf(t, s, "org", coverage.PanelQuery{List: coverage.PanelDropped, Provider: ours2})); !slices.Equal(got, []string{"Ames: Moved within your organization"}) {
			t.Errorf("dropped of the second: %v", got)
		}
		// October's list: Fox's last day is too long ago for the name.
		october := panelOf(t, s, "org", coverage.PanelQuery{Month: day(t, "2026-10-20"), List: coverage.PanelDropped})
		if got := names(october); !slices.Equal(got, []string{""}) || october.Rows[0] != (coverage.PanelMember{}) || october.On != day(t, "2026-10-01") || october.Before != day(t, "2026-09-01") {
			t.Errorf("October: %v %+v", got, october)
		}
		// Who was shown may be opened, who was not may not.
		_, err := s.Sheet(t.Context(), clerk("org"), p.Rows[0].Member.ID, coverage.Ask{})
		if err != nil {
			t.Errorf("a member of the panel: %v", err)
		}
		for _, bad := range []coverage.PanelQuery{{Month: day(t, "2026-12-01")}, {Month: day(t, "2025-09-30")}} {
			_, err := s.Panel(t.Context(), clerk("org"), bad)
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%v: %v", bad.Month, err)
			}
		}
		_, err = s.Panel(t.Context(), clerk("org"), coverage.PanelQuery{Provider: another})
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("another office's practitioner: %v", err)
		}
		_, err = s.Panel(t.Context(), nurse(), coverage.PanelQuery{})
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("the plan: %v", err)
		}
		if p := panelOf(t, s, "other", coverage.PanelQuery{}); p.Members != 0 || len(p.Rows) != 0 {
			t.Errorf("another office: %+v", p)
		}
		few := clerk("org")
		few.Providers = []string{ours2}
		restricted, err := s.Panel(t.Context(), few, coverage.PanelQuery{})
		if err != nil || !slices.Equal(names(restricted), []string{"Eze"}) {
			t.Errorf("access for one provider: %v %v", names(restricted), err)
		}
	})
}

func TestEveryMemberOfAPageOfThePanelIsWrittenDown(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		staff(t, d)
		var rows strings.Builder
		for i := range 60 {
			rows.WriteString(withPCP(fmt.Sprintf("M%02d", i), "Lee"+strings.Repeat("x", i/10)+string(rune('a'+i%10)), "2026-01-01", "", ours1, ""))
		}
		loadPCP(t, s, rows.String())
		first := panelOf(t, s, "org", coverage.PanelQuery{List: coverage.PanelAll})
		if len(first.Rows) != coverage.PanelPage || !first.More || first.Members != 60 {
			t.Fatalf("%d rows, %+v", len(first.Rows), first.More)
		}
		ledger1 := ledger(t, d, clerk("org"))
		if len(ledger1) != coverage.PanelPage {
			t.Fatalf("%d rows in the ledger", len(ledger1))
		}
		want := []access.Field{access.FieldName, access.FieldBirth, access.FieldMemberID, access.FieldPlan, access.FieldCoverage, access.FieldPCP}
		for _, r := range ledger1 {
			if r.Subject != "panel" || r.Outcome != disclosure.Shown || !slices.Equal(r.Fields, want) {
				t.Fatalf("%+v", r)
			}
		}
		second := panelOf(t, s, "org", coverage.PanelQuery{List: coverage.PanelAll, Page: 2})
		if len(second.Rows) != 10 || second.More || len(ledger(t, d, clerk("org"))) != 60 {
			t.Errorf("%d rows", len(second.Rows))
		}
		if p := panelOf(t, s, "org", coverage.PanelQuery{List: coverage.PanelAll, Page: 3}); len(p.Rows) != 0 {
			t.Errorf("%d rows behind the end", len(p.Rows))
		}
	})
}
