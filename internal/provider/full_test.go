package provider_test

import (
	"strings"
	"testing"

	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/provider"
)

func TestAFullFileTakesTheOthersOutOfNetwork(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		var rows []string
		for n := range 250 {
			rows = append(rows, org(t, n+1, "Office"))
		}
		organizations(t, s, rows...)
		order := provider.Order{Name: "full.csv", Full: true, CheckOnly: true, File: strings.NewReader(orgHead + strings.Join(rows[:30], "\n") + "\n" + org(t, 999, "New"))}
		rep, err := s.LoadOrganizations(t.Context(), operator(), order)
		if err != nil || rep.Added != 1 || rep.Changed != 0 || rep.Unnamed != 220 || rep.Network != 250 {
			t.Fatalf("checked: %+v %v", rep, err)
		}
		if p, err := find(t, d, npi(t, 200)); err != nil || !p.InNetwork {
			t.Fatalf("a check wrote: %+v %v", p, err)
		}
		order.CheckOnly = false
		order.File = strings.NewReader(orgHead + strings.Join(rows[:30], "\n"))
		order.Ask = func(shown provider.Report) bool { return shown.Unnamed != 220 }
		rep, err = s.LoadOrganizations(t.Context(), operator(), order)
		if err != nil || !rep.Declined {
			t.Fatalf("declined: %+v %v", rep, err)
		}
		order.File, order.Ask = strings.NewReader(orgHead+strings.Join(rows[:30], "\n")), nil
		rep, err = s.LoadOrganizations(t.Context(), operator(), order)
		if err != nil || rep.Unnamed != 220 {
			t.Fatalf("%+v %v", rep, err)
		}
		for n, in := range map[int]bool{1: true, 30: true, 31: false, 250: false} {
			if p, err := find(t, d, npi(t, n)); err != nil || p.InNetwork != in {
				t.Errorf("%d: %+v %v", n, p, err)
			}
		}
		order.File = strings.NewReader(orgHead + strings.Join(rows[:30], "\n"))
		rep, err = s.LoadOrganizations(t.Context(), operator(), order)
		if err != nil || rep.Added+rep.Changed+rep.Unnamed != 0 || rep.Network != 30 {
			t.Errorf("again: %+v %v", rep, err)
		}
	})
}

func TestDirectoryAsNDJSON(t *testing.T) {
	d := dbtest.SQLite(t, dbtest.NewClock().Now)
	s := service(d)
	object := `{"npi":"` + npi(t, 1) + `","name":"Zoë & Söhne","tin":"12-3456789","kind":"office","state":"fl","network":"yes"}`
	rep, err := s.ImportOrganizations(t.Context(), operator(), "x", strings.NewReader("\ufeff"+object+"\n\n"), nil)
	if err != nil || rep.Added != 1 || rep.RefusedTotal > 0 {
		t.Fatalf("%+v %v", rep, err)
	}
	rep, err = s.ImportPractitioners(t.Context(), operator(), "x",
		strings.NewReader(`{"npi":"`+npi(t, 2)+`","last":"Okafor","organization_npi":"`+npi(t, 1)+`","network":"no"}`), nil)
	if p, findErr := find(t, d, npi(t, 2)); err != nil || findErr != nil || rep.Added != 1 || p.Name != "Okafor" {
		t.Errorf("%+v %+v %v %v", rep, p, err, findErr)
	}
	for name, c := range map[string]struct{ line, reason string }{
		"unknown name": {strings.Replace(object, `"state"`, `"shoe"`, 1), "a name that is none of"},
		"a number":     {strings.Replace(object, `"yes"`, `1`, 1), "texts in quotation marks"},
		"no network":   {strings.Replace(object, `,"network":"yes"`, ``, 1), "network: is yes or no"},
		"twice":        {object, "stands on line 1"},
	} {
		text := c.line
		if name == "twice" {
			text = object + "\n" + object
		}
		rep, err := s.ImportOrganizations(t.Context(), operator(), "x", strings.NewReader(text), nil)
		if err != nil || rep.RefusedTotal != 1 || !strings.Contains(rep.Refused[0].Reason, c.reason) {
			t.Errorf("%s: %+v %v", name, rep, err)
		}
	}
	_, err = s.ImportOrganizations(t.Context(), operator(), "x", strings.NewReader(`{"npi":"`+strings.Repeat("1", 70_000)+`"}`), nil)
	if err == nil || !strings.Contains(err.Error(), "64 KB") {
		t.Error(err)
	}
}
