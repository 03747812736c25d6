package sensitive_test

import (
	"slices"
	"strings"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/sensitive"
)

const list = `system,code,category
ICD-10-CM,F10.*,substance use
icd-10-cm,F10.20,Behavioral Health
hcpcs,H0001,substance use
icd-10-cm,B20,hiv
`

func load(t *testing.T, d *db.DB, text string) (sensitive.Report, error) {
	t.Helper()
	return sensitive.New(sensitive.Deps{DB: d}).Import(t.Context(), access.OperatorActor("ops"), "list.csv", strings.NewReader(text))
}

func of(t *testing.T, d *db.DB, codes ...sensitive.Code) []sensitive.Category {
	t.Helper()
	var out []sensitive.Category
	err := d.View(t.Context(), func(tx *db.Tx) error {
		var err error
		out, err = sensitive.Of(tx, codes)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCodesAreFoundByWholeAndByBeginning(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		rep, err := load(t, d, list)
		if err != nil || rep.Rows != 4 || rep.RefusedTotal != 0 {
			t.Fatal(rep, err)
		}
		icd := func(c string) sensitive.Code { return sensitive.Code{System: code.ICD10CM, Code: c} }
		for _, c := range []struct {
			name  string
			codes []sensitive.Code
			want  []sensitive.Category
		}{
			{"a beginning", []sensitive.Code{icd("F10.10")}, []sensitive.Category{sensitive.SubstanceUse}},
			{"the beginning itself, without its dot", []sensitive.Code{icd("f10")}, []sensitive.Category{sensitive.SubstanceUse}},
			{"two entries of one code", []sensitive.Code{icd("F10.20")}, []sensitive.Category{sensitive.SubstanceUse, sensitive.Behavioral}},
			{"whole only", []sensitive.Code{icd("B20.1")}, nil},
			{"the same code under its other name", []sensitive.Code{{System: code.CPT, Code: "H0001"}}, []sensitive.Category{sensitive.SubstanceUse}},
			{"another system", []sensitive.Code{{System: code.NDC, Code: "H0001"}}, nil},
			{"a shorter code", []sensitive.Code{icd("F1")}, nil},
			{"several codes", []sensitive.Code{icd("I10"), icd("B20"), {System: code.HCPCS, Code: "H0001"}}, []sensitive.Category{sensitive.SubstanceUse, sensitive.HIV}},
			{"none", nil, nil},
		} {
			if got := of(t, d, c.codes...); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v", c.name, got)
			}
		}
		_, err = load(t, d, "system,code,category\nicd-10-cm,Z15*,genetic\n")
		if err != nil || len(of(t, d, icd("B20"))) != 0 || len(of(t, d, icd("Z15.01"))) != 1 {
			t.Errorf("a list does not take the place of the one before: %v", err)
		}
	})
}

func TestListsThatAreRefused(t *testing.T) {
	d := dbtest.SQLite(t, dbtest.NewClock().Now)
	_, err := load(t, d, list)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"system,code,category\nloinc,F10*,hiv\n":                        "system: is icd-10-cm",
		"system,code,category\nicd-10-cm,*,hiv\n":                       "code: is a code",
		"system,code,category\nicd-10-cm,F<b>,hiv\n":                    "code: is a code",
		"system,code,category\nicd-10-cm,F10,private\n":                 "category: is substance use",
		"system,code,category\nicd-10-cm,F10,hiv\nicd-10-cm,F1.0,hiv\n": "the same code with the same category stands on line 2",
		"system,code,category\nicd-10-cm,F10\n":                         "another number of cells",
	} {
		rep, err := load(t, d, text)
		if err != nil || rep.RefusedTotal != 1 || !strings.Contains(rep.Refused[0].Reason, want) {
			t.Errorf("%q: %+v %v", text, rep, err)
		}
	}
	for _, text := range []string{"", "code,category\nF10,hiv\n", "system,code,category\n", "system,code,category\n\"F10,hiv"} {
		_, err := load(t, d, text)
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
	_, err = sensitive.New(sensitive.Deps{DB: d}).Import(t.Context(), access.Actor{Person: "x", Side: access.Office, Roles: []access.Role{access.LocalAdmin}}, "x", strings.NewReader(list))
	if !fault.Is(err, fault.Forbidden) {
		t.Errorf("an office: %v", err)
	}
	if len(of(t, d, sensitive.Code{System: code.ICD10CM, Code: "B20"})) != 1 {
		t.Error("a refused list took the place of the one before")
	}
}

func TestLabelsStay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		nurse := access.Actor{Person: "n", Side: access.Plan, Roles: []access.Role{access.Nurse}}
		clerk := access.Actor{Person: "c", Side: access.Office, Org: "o", Roles: []access.Role{access.LocalAdmin}}
		mark := func(who access.Actor, c ...sensitive.Category) error {
			return d.Update(t.Context(), func(tx *db.Tx) error { return sensitive.Mark(tx, who, "request/1", c...) })
		}
		if err := mark(clerk, sensitive.HIV); !fault.Is(err, fault.Forbidden) {
			t.Errorf("an office: %v", err)
		}
		if err := mark(nurse, "private"); err == nil {
			t.Error("a category that is none")
		}
		for range 2 {
			if err := mark(nurse, sensitive.HIV, sensitive.SubstanceUse); err != nil {
				t.Fatal(err)
			}
		}
		err := d.View(t.Context(), func(tx *db.Tx) error {
			got, err := sensitive.Labels(tx, "request/1")
			if !slices.Equal(got, []sensitive.Category{sensitive.SubstanceUse, sensitive.HIV}) {
				t.Errorf("%v", got)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		err = d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec("delete from sensitive_label")
			return err
		})
		if err == nil {
			t.Error("a label can be taken off")
		}
	})
}

func TestOnlyPartiesAreTold(t *testing.T) {
	some := []sensitive.Category{sensitive.HIV}
	for _, c := range []struct {
		labels  []sensitive.Category
		org     id.Organization
		parties []id.Organization
		want    bool
	}{
		{nil, "x", []id.Organization{"a"}, false}, {some, "a", []id.Organization{"b", "a"}, false},
		{some, "x", []id.Organization{"a", "b"}, true}, {some, "x", nil, true}, {some, "", []id.Organization{""}, true},
	} {
		if got := sensitive.Withhold(c.labels, c.org, c.parties...); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}

func TestNotice(t *testing.T) {
	if sensitive.Notice(nil) != "" {
		t.Error("a notice for nothing")
	}
	all := sensitive.Notice(sensitive.Categories())
	if !strings.HasPrefix(all, "42 CFR part 2 prohibits unauthorized use or disclosure of these records.") || !strings.Contains(all, "Genetic") {
		t.Error(all)
	}
	if one := sensitive.Notice([]sensitive.Category{sensitive.HIV}); strings.Contains(one, "42 CFR part 2") || one == "" {
		t.Error(one)
	}
	for _, c := range sensitive.Categories() {
		if c.Words() == "" {
			t.Errorf("%s has no words", c)
		}
	}
}
