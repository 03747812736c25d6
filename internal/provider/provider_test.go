package provider_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/provider"
)

func operator() access.Actor { return access.OperatorActor("ops") }

func clerk(org id.Organization) access.Actor {
	return access.Actor{Person: "clerk", Username: "clerk", Side: access.Office, Org: org, Roles: []access.Role{access.Requester}, Door: access.DoorWeb}
}

// npi makes the nth NPI with a right check digit.
func npi(t testing.TB, n int) string {
	t.Helper()
	for digit := range 10 {
		text := fmt.Sprintf("1%08d%d", n, digit)
		if _, err := code.ParseNPI(text); err == nil {
			return text
		}
	}
	t.Fatal("no check digit fits")
	return ""
}

const (
	orgHead = "npi,name,tin,kind,phone,fax,street,city,state,zip,network\n"
	docHead = "npi,first,last,suffix,specialty,taxonomy,organization_npi,phone,network\n"
)

func service(d *db.DB) *provider.Service { return provider.New(provider.Deps{DB: d}) }

func organizations(t testing.TB, s *provider.Service, rows ...string) {
	t.Helper()
	rep, err := s.ImportOrganizations(t.Context(), operator(), "organizations.csv", strings.NewReader(orgHead+strings.Join(rows, "\n")), nil)
	if err != nil || rep.RefusedTotal > 0 || rep.Rows != len(rows) {
		t.Fatalf("%+v %v", rep, err)
	}
}

func practitioners(t testing.TB, s *provider.Service, rows ...string) {
	t.Helper()
	rep, err := s.ImportPractitioners(t.Context(), operator(), "practitioners.csv", strings.NewReader(docHead+strings.Join(rows, "\n")), nil)
	if err != nil || rep.RefusedTotal > 0 || rep.Rows != len(rows) {
		t.Fatalf("%+v %v", rep, err)
	}
}

func org(t testing.TB, n int, name string) string {
	return npi(t, n) + "," + name + ",12-3456789,office,555-1,555-2,1 Elm,Ocala,fl,34462,yes"
}

func doctor(t testing.TB, n int, first, last string, at int) string {
	return npi(t, n) + "," + first + "," + last + ",MD,cardiology,207RC0000X," + npi(t, at) + ",555-3,no"
}

func find(t testing.TB, d *db.DB, n string) (provider.Party, error) {
	t.Helper()
	var p provider.Party
	err := d.View(t.Context(), func(tx *db.Tx) error {
		var err error
		p, err = provider.Find(tx, code.NPI(n))
		return err
	})
	return p, err
}

func TestDirectory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		organizations(t, s, org(t, 1, "Elm Street Clinic"), org(t, 2, "\"Oak, Ash & <b>Co</b>\""))
		practitioners(t, s, doctor(t, 11, "Zoë", "Müller-Roe", 1), doctor(t, 12, "", "Álvarez", 1), doctor(t, 13, "Max", "O'Neil", 2))
		p, err := find(t, d, npi(t, 11))
		if err != nil || p.Name != "Zoë Müller-Roe MD" || p.Kind != "practitioner" || p.OrgName != "Elm Street Clinic" || p.InNetwork || p.Specialty != "cardiology" {
			t.Errorf("%+v %v", p, err)
		}
		p, err = find(t, d, npi(t, 2))
		if err != nil || p.Name != "Oak, Ash & <b>Co</b>" || p.Kind != "office" || !p.InNetwork || p.Org == "" {
			t.Errorf("%+v %v", p, err)
		}
		_, err = find(t, d, npi(t, 99))
		if !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		elm, err := s.OrganizationByNPI(t.Context(), npi(t, 1))
		if err != nil || elm.State != "FL" || elm.TIN != "123456789" {
			t.Errorf("%+v %v", elm, err)
		}
		own, err := s.Practitioners(t.Context(), clerk(elm.ID))
		if err != nil || len(own) != 2 || own[0].Name != "Álvarez MD" {
			t.Errorf("%+v %v", own, err)
		}
		// A newer file brings names up to date and keeps who is who.
		organizations(t, s, org(t, 1, "Elm Clinic"))
		again, err := s.OrganizationByNPI(t.Context(), npi(t, 1))
		if err != nil || again.ID != elm.ID || again.Name != "Elm Clinic" {
			t.Errorf("%+v %v", again, err)
		}
		practitioners(t, s, doctor(t, 11, "Zoë", "Roe", 2))
		p, err = find(t, d, npi(t, 11))
		if err != nil || p.Name != "Zoë Roe MD" || p.OrgName != "Oak, Ash & <b>Co</b>" {
			t.Errorf("%+v %v", p, err)
		}
	})
}

func TestSearch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		orgs := []string{org(t, 1, "Smith Clinic"), org(t, 2, "St. John's Hospital")}
		docs := []string{doctor(t, 100, "Ann", "O'Neil", 1), doctor(t, 101, "Zoë", "Müller-Roe", 1), doctor(t, 102, "דוד", "כהן", 1)}
		for i := range 30 {
			docs = append(docs, doctor(t, 200+i, fmt.Sprintf("First%02d", i), "Smith", 1))
		}
		organizations(t, s, orgs...)
		practitioners(t, s, docs...)
		for text, want := range map[string]string{
			npi(t, 100): "Ann O'Neil MD", "oneil": "Ann O'Neil MD", "O’NEIL": "Ann O'Neil MD", "muller r": "Zoë Müller-Roe MD", "MÜLLER": "Zoë Müller-Roe MD",
			"כהן": "דוד כהן MD", "st john": "St. John's Hospital", "st. joh": "St. John's Hospital",
			npi(t, 999): "", "neil": "", "zzz": "", "%%%": "bad", "sm": "bad", "": "bad", "1234567890": "",
		} {
			got, err := s.Search(t.Context(), clerk("x"), text)
			if want == "bad" {
				if !fault.Is(err, fault.Invalid) {
					t.Errorf("%q: %v", text, err)
				}
				continue
			}
			name := ""
			if len(got) > 0 {
				name = got[0].Name
			}
			if err != nil || name != want || len(got) > 1 {
				t.Errorf("%q finds %v %v, want %q", text, got, err, want)
			}
		}
		got, err := s.Search(t.Context(), clerk("x"), "smith")
		if err != nil || len(got) > 20 || !slices.ContainsFunc(got, func(p provider.Party) bool { return p.Name == "Smith Clinic" }) {
			t.Errorf("many people hide a clinic: %d %v", len(got), err)
		}
		_, err = s.Search(t.Context(), access.Actor{}, "smith")
		if !fault.Is(err, fault.Unauthenticated) {
			t.Error(err)
		}
	})
}

func TestRefusedRows(t *testing.T) {
	d := dbtest.SQLite(t, dbtest.NewClock().Now)
	s := service(d)
	organizations(t, s, org(t, 1, "Elm"))
	practitioners(t, s, doctor(t, 11, "A", "B", 1))
	long := strings.Repeat("e", 201)
	for name, c := range map[string]struct{ row, reason string }{
		"check digit":    {strings.Replace(org(t, 2, "X"), npi(t, 2), "1234567890", 1), "npi: the check digit"},
		"no NPI":         {strings.Replace(org(t, 2, "X"), npi(t, 2), "", 1), "npi: an NPI has"},
		"no name":        {org(t, 2, ""), "name: is missing"},
		"bad TIN":        {strings.Replace(org(t, 2, "X"), "12-3456789", "12", 1), "tin: "},
		"bad kind":       {strings.Replace(org(t, 2, "X"), "office", "plan", 1), "kind: "},
		"no network":     {strings.Replace(org(t, 2, "X"), ",yes", ",maybe", 1), "network: "},
		"long":           {org(t, 2, long), "name: is longer"},
		"control":        {org(t, 2, "a\x7fb"), "name: contains a control"},
		"not UTF-8":      {org(t, 2, "a\xffb"), "name: is not UTF-8"},
		"unquoted comma": {org(t, 2, "Oak, Ash"), "another number of cells"},
		"a doctor's NPI": {org(t, 11, "X"), "npi: belongs to a provider of the other kind"},
		"twice":          {org(t, 1, "Elm"), "the same NPI stands on line 2"},
	} {
		first := org(t, 3, "First of "+name)
		if name == "twice" {
			first = org(t, 1, "Elm")
		}
		rep, err := s.ImportOrganizations(t.Context(), operator(), "x", strings.NewReader(orgHead+first+"\n"+c.row+"\n"), nil)
		if err != nil || rep.RefusedTotal != 1 || rep.Refused[0].Line != 3 || !strings.HasPrefix(rep.Refused[0].Reason, c.reason) && !strings.Contains(rep.Refused[0].Reason, c.reason) {
			t.Errorf("%s: %+v %v", name, rep, err)
		}
		if _, err := find(t, d, npi(t, 3)); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: a part of the file was loaded", name)
		}
	}
	for name, c := range map[string]struct{ row, reason string }{
		"no last name":         {doctor(t, 12, "A", "", 1), "last: is missing"},
		"unknown organization": {doctor(t, 12, "A", "B", 7), "organization_npi: no such"},
		"bad organization":     {strings.Replace(doctor(t, 12, "A", "B", 1), npi(t, 1), "5", 1), "organization_npi: an NPI"},
		"bad taxonomy":         {strings.Replace(doctor(t, 12, "A", "B", 1), "207RC0000X", "heart", 1), "taxonomy: "},
		"a clinic's NPI":       {doctor(t, 1, "A", "B", 1), "npi: belongs to a provider of the other kind"},
	} {
		rep, err := s.ImportPractitioners(t.Context(), operator(), "x", strings.NewReader(docHead+c.row+"\n"), nil)
		if err != nil || rep.RefusedTotal != 1 || rep.Refused[0].Line != 2 || !strings.HasPrefix(rep.Refused[0].Reason, c.reason) {
			t.Errorf("%s: %+v %v", name, rep, err)
		}
	}
	rep, err := s.ImportOrganizations(t.Context(), operator(), "x", strings.NewReader(orgHead+strings.Repeat("x\n", 3000)), nil)
	if err != nil || rep.RefusedTotal != 3000 || len(rep.Refused) != 1000 {
		t.Errorf("%d of %d named: %v", len(rep.Refused), rep.RefusedTotal, err)
	}
}

func TestRefusedFiles(t *testing.T) {
	d := dbtest.SQLite(t, dbtest.NewClock().Now)
	s := service(d)
	row := org(t, 1, "Elm") + "\n"
	for name, c := range map[string]struct {
		text string
		want string
	}{
		"empty":        {"", "empty"},
		"no header":    {row, "must name the columns"},
		"no rows":      {orgHead, "holds no row"},
		"column gone":  {strings.Replace(orgHead, ",tin", "", 1) + row, "\"tin\" is missing"},
		"column twice": {strings.Replace(orgHead, "fax", "phone", 1) + row, "twice"},
		"stray quote":  {orgHead + row + "1,\"a\"b\n", "line 3 is not CSV"},
		"open quote":   {orgHead + "\"" + strings.Repeat(row, 5000), "64 KB"},
		"endless line": {orgHead + strings.Repeat("a", 1<<20), "64 KB"},
	} {
		rep, err := s.ImportOrganizations(t.Context(), operator(), "x", strings.NewReader(c.text), nil)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Text(err), c.want) || rep.Rows != 0 {
			t.Errorf("%s: %+v %v", name, rep, err)
		}
	}
	_, err := s.ImportOrganizations(t.Context(), operator(), "x", io.MultiReader(strings.NewReader(orgHead+row), cut{}), nil)
	if err == nil {
		t.Error("a file that ends with an error was loaded")
	}
	for _, load := range []func() error{
		func() error {
			_, err := s.ImportOrganizations(t.Context(), clerk("x"), "x", strings.NewReader(orgHead+row), nil)
			return err
		},
		func() error {
			_, err := s.ImportPractitioners(t.Context(), clerk("x"), "x", strings.NewReader(docHead), nil)
			return err
		},
	} {
		if err := load(); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a clerk loads the directory: %v", err)
		}
	}
	rep, err := s.ImportOrganizations(t.Context(), operator(), "x", strings.NewReader("\ufeff"+strings.ToUpper(orgHead)+row), nil)
	if err != nil || rep.Rows != 1 {
		t.Errorf("a byte order mark and capitals: %+v %v", rep, err)
	}
	var body string
	err = d.View(t.Context(), func(tx *db.Tx) error {
		return tx.Row("select body from record_entry where kind = 'providers.loaded'").Scan(&body)
	})
	if err != nil || body != `{"added":1,"changed":0,"file":"x","rows":1}` {
		t.Errorf("%s %v", body, err)
	}
}

type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, errors.New("cut") }

// TestBrokenInTheMiddle makes the last row of a file fail in the database.
func TestBrokenInTheMiddle(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			err := provider.PutOrganization(tx, operator(), provider.Organization{Name: "A", NPI: code.NPI(npi(t, 1)), Kind: provider.OfficeKind})
			if err != nil {
				return err
			}
			return fault.New(fault.Conflict, "broken on purpose")
		})
		if !fault.Is(err, fault.Conflict) {
			t.Fatal(err)
		}
		if _, err := find(t, d, npi(t, 1)); !fault.Is(err, fault.NotFound) {
			t.Errorf("a rolled back row is there: %v", err)
		}
		err = d.Update(t.Context(), func(tx *db.Tx) error { return provider.PutOrganization(tx, clerk("x"), provider.Organization{}) })
		if !fault.Is(err, fault.Forbidden) {
			t.Error(err)
		}
		err = d.Update(t.Context(), func(tx *db.Tx) error { return provider.PutPractitioner(tx, clerk("x"), provider.Practitioner{}) })
		if !fault.Is(err, fault.Forbidden) {
			t.Error(err)
		}
	})
}
