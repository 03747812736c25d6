package coverage_test

import (
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/member"
	"hsconnect/internal/provider"
)

// TestThePanelTieIsOfTheDay looks at members whose provider is announced for a
// later day, and at some whose coverage is over.
func TestThePanelTieIsOfTheDay(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		at(t, clock, "2026-11-23T15:00:00Z")
		s := service(d)
		directory(t, d)
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			err := provider.PutOrganization(tx, importer(), provider.Organization{ID: "elsewhere", Name: "Oak Clinic", TIN: "987654321", NPI: "1679576722", Kind: provider.OfficeKind, InNetwork: true})
			if err != nil {
				return err
			}
			return provider.PutPractitioner(tx, importer(), provider.Practitioner{ID: "val", NPI: another, First: "Val", Last: "Else", Org: "elsewhere"})
		})
		if err != nil {
			t.Fatal(err)
		}
		loadPCP(t, s, withPCP("M1", "Lee", "2026-01-01", "", ours1, "")+
			withPCP("M2", "Roe", "2024-01-01", "2025-11-22", ours1, "")+ // over for a year and a day
			withPCP("M3", "Poe", "2024-01-01", "2025-11-23", ours1, "")+
			withPCP("M4", "Orr", "2026-12-01", "", ours1, "2026-11-01")) // not yet covered
		loadPCP(t, s, withPCP("M1", "Lee", "2026-01-01", "", another, "2027-01-01")) // announced
		look := func(org, number string) bool {
			t.Helper()
			_, err := s.LookUp(t.Context(), clerk(org), coverage.Query{Key: member.Key{Number: number, Birth: day(t, "1990-05-05")}, Purpose: access.Treatment})
			if err != nil && !fault.Is(err, fault.NotFound) {
				t.Fatal(err)
			}
			return err == nil
		}
		for _, want := range []struct {
			org, number string
			tied        bool
		}{
			{"org", "M1", true},
			{"elsewhere", "M1", false},
			{"org", "M2", false},
			{"org", "M3", true},
			{"org", "M4", true},
			{"elsewhere", "M3", false},
		} {
			if got := look(want.org, want.number); got != want.tied {
				t.Errorf("%s looks at %s: %v", want.org, want.number, got)
			}
		}
		at(t, clock, "2027-01-01T15:00:00Z")
		if !look("elsewhere", "M1") {
			t.Error("the new provider's office does not see the member on the first day")
		}
	})
}
