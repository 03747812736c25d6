package provider_test

import (
	"fmt"
	"slices"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/provider"
)

// madeNPI gives the nth NPI with a right check digit.
func madeNPI(t testing.TB, n int) code.NPI {
	t.Helper()
	for check := range 10 {
		npi, err := code.ParseNPI(fmt.Sprintf("1%08d%d", n, check))
		if err == nil {
			return npi
		}
	}
	t.Fatal("no check digit fits")
	return ""
}

func TestProvidersAreFoundByNamePlaceAndSpecialty(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := provider.New(provider.Deps{DB: d})
		who := access.OperatorActor("ops")
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			for i, o := range []provider.Organization{
				{ID: "elm", Name: "Elm Clinic", City: "Peñasco", State: "NM", Zip: "87553", Kind: provider.OfficeKind, InNetwork: true},
				{ID: "oak", Name: "Oak Hospital", City: "Ocala", State: "FL", Zip: "34470-1234", Kind: provider.FacilityKind, InNetwork: false},
				{ID: "plan", Name: "Elm Plan", City: "Ocala", Zip: "34470", Kind: provider.PlanKind, InNetwork: true},
			} {
				o.NPI, o.TIN = madeNPI(t, i+1), "123456789"
				err := provider.PutOrganization(tx, who, o)
				if err != nil {
					return err
				}
			}
			for i := range 60 {
				p := provider.Practitioner{NPI: madeNPI(t, 100+i), First: fmt.Sprintf("F%02d", i), Last: "Elmore", Specialty: "Cardiology", Org: "elm", InNetwork: i != 0}
				if i%2 == 1 {
					p.Last, p.Specialty, p.Org = "Núñez-Ortiz", "Neurology", "oak"
				}
				err := provider.PutPractitioner(tx, who, p)
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		find := func(w provider.Wanted) (out []string, more bool) {
			t.Helper()
			f, err := s.Directory(t.Context(), who, w)
			if err != nil {
				t.Fatalf("%+v: %v", w, err)
			}
			for _, e := range f.Entries {
				out = append(out, e.Name)
			}
			return out, f.More
		}
		all, more := find(provider.Wanted{Text: "ELM"})
		if len(all) != provider.DirectoryPage || !more || all[0] != "Elm Clinic" || all[1] != "F00 Elmore" || all[2] != "F02 Elmore" {
			t.Errorf("%v %v", all, more)
		}
		rest, more := find(provider.Wanted{Text: "elm", Page: 2})
		if len(rest) != 6 || more || slices.Contains(all, rest[0]) {
			t.Errorf("page 2: %v %v", rest, more)
		}
		for name, c := range map[string]struct {
			w    provider.Wanted
			n    int
			want string
		}{
			"accents and hyphen": {provider.Wanted{Text: "nunez ort", Specialty: "Neurology"}, 25, "F01 Núñez-Ortiz"},
			"in network":         {provider.Wanted{Text: "elmore", Network: true}, 25, "F02 Elmore"},
			"city, folded":       {provider.Wanted{Place: "penasco", Text: "elm c"}, 1, "Elm Clinic"},
			"zip":                {provider.Wanted{Place: "344", Text: "oak"}, 1, "Oak Hospital"},
			"zip and specialty":  {provider.Wanted{Place: "34470", Specialty: "Neurology"}, 25, "F01 Núñez-Ortiz"},
			"npi":                {provider.Wanted{Text: string(madeNPI(t, 2))}, 1, "Oak Hospital"},
			"specialty alone":    {provider.Wanted{Specialty: "Cardiology"}, 25, "F00 Elmore"},
			"none":               {provider.Wanted{Text: "zzz"}, 0, ""},
			"not the plan":       {provider.Wanted{Text: "elm p"}, 0, ""},
			"a quote":            {provider.Wanted{Text: "o'"}, 0, ""},
		} {
			if name == "a quote" {
				_, err := s.Directory(t.Context(), who, c.w)
				if !fault.Is(err, fault.Invalid) {
					t.Errorf("one letter: %v", err)
				}
				continue
			}
			got, _ := find(c.w)
			if len(got) != c.n || c.n > 0 && got[0] != c.want {
				t.Errorf("%s: %d %v", name, len(got), got)
			}
		}
		for _, w := range []provider.Wanted{{}, {Network: true}, {Place: "12"}, {Place: "123456"}} {
			_, err := s.Directory(t.Context(), who, w)
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%+v: %v", w, err)
			}
		}
		_, err = s.Directory(t.Context(), access.Actor{}, provider.Wanted{Text: "elm"})
		if !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("nobody: %v", err)
		}
		names, err := s.Specialties(t.Context())
		if err != nil || !slices.Equal(names, []string{"Cardiology", "Neurology"}) {
			t.Errorf("%v %v", names, err)
		}
		var org id.Organization = "elm"
		err = d.View(t.Context(), func(tx *db.Tx) error {
			staff, err := provider.Staff(tx, org)
			if len(staff) != 30 {
				t.Errorf("%d staff", len(staff))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
