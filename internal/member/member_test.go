package member_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
)

func office(org string) access.Actor {
	return access.Actor{Person: id.Person("clerk-" + org), Username: "clerk", Name: "Clerk", Side: access.Office, Org: id.Organization(org), OrgName: org, Roles: []access.Role{access.Requester}, Door: access.DoorWeb}
}

func nurse() access.Actor {
	return access.Actor{Person: "nurse", Username: "nurse", Name: "Nurse", Side: access.Plan, Roles: []access.Role{access.Nurse}, Door: access.DoorWeb}
}

func privacy() access.Actor {
	return access.Actor{Person: "privacy", Username: "privacy", Name: "Privacy", Side: access.Plan, Roles: []access.Role{access.PrivacyOfficer}, Door: access.DoorWeb}
}

func helpDesk() access.Actor {
	return access.Actor{Person: "help", Username: "help", Name: "Help", Side: access.Plan, Roles: []access.Role{access.HelpDesk}, Door: access.DoorWeb}
}

func importer() access.Actor { return access.SystemActor("import") }

func date(t testing.TB, text string) civil.Date {
	t.Helper()
	d, err := civil.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// planted is a member of whom every fact would be recognized in a log.
func planted(t testing.TB) member.Member {
	return member.Member{
		Number: "PLANTED-001", Subscriber: "PLANTED-SUB", Relationship: "child", First: "Plantedfirst", Middle: "Plantedmiddle", Last: "Plantedlast",
		Suffix: "Plantedsuffix", Birth: date(t, "1961-07-13"), Gender: "female", Street: "Plantedstreet 1", City: "Plantedcity", State: "PL",
		Zip: "55555", Phone: "555-0100", Language: "Plantedlanguage", Medicare: "1PA0PA0PA00",
	}
}

func put(t testing.TB, d *db.DB, members ...member.Member) []id.Member {
	t.Helper()
	var out []id.Member
	err := d.Update(t.Context(), func(tx *db.Tx) error {
		out = nil
		for _, m := range members {
			ref, err := member.Put(tx, importer(), m)
			if err != nil {
				return err
			}
			out = append(out, ref)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func person(t testing.TB, number, first, last, birth string) member.Member {
	return member.Member{Number: number, First: first, Last: last, Birth: date(t, birth)}
}

// each runs fn on every engine, on a clock that stands at dbtest.Start.
func each(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	dbtest.EachAt(t, dbtest.NewClock().Now, fn)
}

// today is the day of the tests' clock.
func today() civil.Date { return civil.Of(dbtest.Start, time.UTC) }

// seen states that the member is being seen today.
func seen() *member.Visit { return &member.Visit{On: today(), Stated: true} }

// match looks up as somebody does who sees the patient.
func match(t testing.TB, d *db.DB, who access.Actor, k member.Key) (member.Member, error) {
	t.Helper()
	return search(t, d, who, member.Search{Key: k, Purpose: access.Treatment, Visit: seen()})
}

func search(t testing.TB, d *db.DB, who access.Actor, s member.Search) (member.Member, error) {
	t.Helper()
	var m member.Member
	err := d.Update(t.Context(), func(tx *db.Tx) error {
		var err error
		m, err = member.Match(tx, who, s)
		return err
	})
	return m, err
}

func get(t testing.TB, d *db.DB, who access.Actor, subject string, ref id.Member) (member.Member, error) {
	t.Helper()
	var m member.Member
	err := d.Update(t.Context(), func(tx *db.Tx) error {
		var err error
		m, err = member.Get(tx, who, access.Treatment, subject, ref)
		return err
	})
	return m, err
}

// looks gives the ledger of one member, newest first.
func looks(t testing.TB, d *db.DB, ref id.Member) []disclosure.Row {
	t.Helper()
	var out []disclosure.Row
	err := d.View(t.Context(), func(tx *db.Tx) error {
		var err error
		out, err = disclosure.OfMember(tx, privacy(), ref, 1000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestMatchFoldsWhatPeopleTypeDifferently(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		put(t, d,
			person(t, "AB-123 456", "José María", "Muñoz-O’Brien", "1980-02-15"),
			person(t, "X2", "SØREN", "KJÆR", "1950-01-01"),
			person(t, "X3", "Jane", "St. John", "1951-01-01"),
			person(t, "X4", "Robert", "Smith", "1952-01-01"),
			person(t, "X5", "Nguyễn", "Văn Thị", "1953-01-01"),
			person(t, "X6", "דוד", "כהן", "1954-01-01"),
			person(t, "X7", "Ann", "II", "1955-01-01"),
			person(t, "X8", "Max", "Weiß", "1956-01-01"),
		)
		cases := []struct{ number, last, first, birth, want string }{
			{number: "ab123456", birth: "1980-02-15", want: "AB-123 456"},
			{number: " AB–123–456 ", birth: "1980-02-15", want: "AB-123 456"},
			{last: "munoz obrien", birth: "1980-02-15", want: "AB-123 456"},
			{last: "MUÑOZ-O'BRIEN", birth: "1980-02-15", want: "AB-123 456"},
			{last: "Mun\u0303oz-O`Brien", birth: "1980-02-15", want: "AB-123 456"},
			{last: "Muñoz O´Brien Jr.", birth: "1980-02-15", want: "AB-123 456"},
			{last: "MunozObrien", first: "jose maria", birth: "1980-02-15", want: "AB-123 456"},
			{last: "kjaer", first: "soren", birth: "1950-01-01", want: "X2"},
			{last: "st john", birth: "1951-01-01", want: "X3"},
			{last: "Smith, III", birth: "1952-01-01", want: "X4"},
			{last: "van thi", birth: "1953-01-01", want: "X5"},
			{last: "כהן", birth: "1954-01-01", want: "X6"},
			{last: "ii", birth: "1955-01-01", want: "X7"},
			{last: "WEISS", birth: "1956-01-01", want: "X8"},
			{number: "X4", last: "smith", birth: "1952-01-01", want: "X4"},
		}
		for _, c := range cases {
			k := member.Key{Number: c.number, Last: c.last, First: c.first}
			if c.birth != "" {
				k.Birth = date(t, c.birth)
			}
			m, err := match(t, d, office("A"), k)
			if err != nil || m.Number != c.want {
				t.Errorf("%q %q %q %s: got %q %v, want %q", c.number, c.last, c.first, c.birth, m.Number, err, c.want)
			}
		}
	})
}

// TestMatchTellsNothing checks that every way not to find somebody has the
// same answer and leaves nothing behind.
func TestMatchTellsNothing(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		refs := put(t, d,
			person(t, "T1", "Anna", "Twin", "1990-05-05"),
			person(t, "T2", "Berta", "Twin", "1990-05-05"),
			person(t, "S1", "Carl", "Single", "1990-05-05"),
		)
		cases := map[string]member.Key{
			"unknown number":      {Number: "T9", Birth: date(t, "1990-05-05")},
			"part of a number":    {Number: "T", Birth: date(t, "1990-05-05")},
			"wildcard":            {Number: "%", Birth: date(t, "1990-05-05")},
			"twins":               {Last: "Twin", Birth: date(t, "1990-05-05")},
			"twins, other first":  {Last: "Twin", First: "Clara", Birth: date(t, "1990-05-05")},
			"wrong birth":         {Last: "Single", Birth: date(t, "1990-05-06")},
			"number, wrong birth": {Number: "S1", Birth: date(t, "1990-05-06")},
			"number, wrong last":  {Number: "S1", Last: "Twin", Birth: date(t, "1990-05-05")},
			"part of a name":      {Last: "Sing", Birth: date(t, "1990-05-05")},
			"name with wildcard":  {Last: "Sing_e", Birth: date(t, "1990-05-05")},
			"hostile":             {Number: "' or 1=1 --", Birth: date(t, "1990-05-05")},
			"endless":             {Number: strings.Repeat("9", 900), Birth: date(t, "1990-05-05")},
		}
		var answer string
		for name, k := range cases {
			m, err := match(t, d, office("A"), k)
			if !fault.Is(err, fault.NotFound) || m != (member.Member{}) {
				t.Errorf("%s: got %+v, %v", name, m.ID, err)
				continue
			}
			if answer == "" {
				answer = fault.Text(err)
			}
			if fault.Text(err) != answer {
				t.Errorf("%s: another answer: %q", name, fault.Text(err))
			}
		}
		if !strings.Contains(answer, "card") || !strings.Contains(answer, "first name") || !strings.Contains(answer, "being seen") {
			t.Errorf("the answer does not say what helps: %q", answer)
		}
		for _, ref := range refs {
			if rows := looks(t, d, ref); len(rows) != 0 {
				t.Errorf("a member who was not shown has %d disclosures", len(rows))
			}
			_, err := get(t, d, office("A"), "member", ref)
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("a fruitless look made a relation: %v", err)
			}
		}
		m, err := match(t, d, office("A"), member.Key{Last: "Twin", First: "berta", Birth: date(t, "1990-05-05")})
		if err != nil || m.Number != "T2" {
			t.Errorf("the first name does not narrow: %v", err)
		}
	})
}

func TestMatchNeedsAWholeKey(t *testing.T) {
	d := dbtest.SQLite(t, dbtest.NewClock().Now)
	cases := map[string]struct {
		key  member.Key
		path string
	}{
		"nothing":        {member.Key{}, "number"},
		"blanks":         {member.Key{Number: " - ", Last: "  "}, "number"},
		"only emoji":     {member.Key{Last: "🙂"}, "number"},
		"first alone":    {member.Key{First: "Ann"}, "number"},
		"last alone":     {member.Key{Last: "Smith"}, "birth"},
		"birth alone":    {member.Key{Birth: date(t, "1990-05-05")}, "last"},
		"endless number": {member.Key{Number: strings.Repeat("9", 5000)}, "number"},
		"number alone":   {member.Key{Number: "S1"}, "birth"},
		"medicare alone": {member.Key{Number: "1EG4-TE5-MK73"}, "birth"},
		"number, name":   {member.Key{Number: "S1", Last: "Smith"}, "birth"},
	}
	for name, c := range cases {
		_, err := match(t, d, office("A"), c.key)
		problems := fault.Problems(err)
		if len(problems) != 1 || problems[0].Path != c.path {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestSubscribersNumberWithBirthDate finds a dependent whose card carries the
// family's number.
func TestSubscribersNumberWithBirthDate(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		father := person(t, "F100", "Tom", "Roe", "1970-01-01")
		father.Subscriber = "F100"
		child := person(t, "F100-02", "Tim", "Roe", "2005-01-01")
		child.Subscriber = "F100"
		put(t, d, father, child)
		for birth, want := range map[string]string{"1970-01-01": "F100", "2005-01-01": "F100-02"} {
			m, err := match(t, d, office("A"), member.Key{Number: "f-100", Birth: date(t, birth)})
			if err != nil || m.Number != want {
				t.Errorf("%s: got %q, %v", birth, m.Number, err)
			}
		}
		m, err := match(t, d, nurse(), member.Key{Number: "F100"})
		if err != nil || m.Number != "F100" {
			t.Errorf("the number alone: got %q, %v", m.Number, err)
		}
	})
}

func TestEachRoleSeesItsFacts(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ref := put(t, d, planted(t))[0]
		m, err := match(t, d, office("A"), member.Key{Number: "PLANTED-001", Birth: date(t, "1961-07-13")})
		if err != nil {
			t.Fatal(err)
		}
		if m.Name() != "Plantedfirst Plantedmiddle Plantedlast Plantedsuffix" || m.Number != "PLANTED-001" || m.Birth != date(t, "1961-07-13") {
			t.Error("an office does not see what it may")
		}
		if m.Gender+m.Street+m.City+m.State+m.Zip+m.Phone+m.Language != "" {
			t.Error("an office sees more than it may")
		}
		if m.Shown == "" {
			t.Error("no disclosure is named")
		}
		rows := looks(t, d, ref)
		if len(rows) != 1 || rows[0].ID != m.Shown || rows[0].Outcome != disclosure.Shown || rows[0].Key != "member id and birth date" || rows[0].Tie != "visit" ||
			rows[0].Subject != "member" || rows[0].Purpose != access.Treatment || !slices.Equal(rows[0].Fields, []access.Field{access.FieldName, access.FieldBirth, access.FieldMemberID, access.FieldPlan, access.FieldCoverage, access.FieldPCP, access.FieldCopays, access.FieldSpent, access.FieldOther, access.FieldNeeded}) {
			t.Errorf("the ledger says %+v", rows)
		}
		m, err = get(t, d, nurse(), "request/1", ref)
		if err != nil || m.Street != "Plantedstreet 1" || m.Phone != "555-0100" || m.Language != "Plantedlanguage" || m.Gender != "female" {
			t.Errorf("a nurse does not see what she may: %v", err)
		}
		rows = looks(t, d, ref)
		fields := rows[slices.IndexFunc(rows, func(r disclosure.Row) bool { return r.Person == nurse().Person })].Fields
		if slices.Contains(fields, access.FieldCopays) || !slices.Contains(fields, access.FieldAddress) {
			t.Errorf("a case shows the member's own facts, the ledger says %v", fields)
		}
		before := len(looks(t, d, ref))
		for _, who := range []access.Actor{helpDesk(), {}} {
			_, err = get(t, d, who, "member", ref)
			if !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%v sees a member: %v", who.Roles, err)
			}
			_, err = match(t, d, who, member.Key{Number: "PLANTED-001"})
			if !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%v finds a member: %v", who.Roles, err)
			}
		}
		if len(looks(t, d, ref)) != before {
			t.Error("what was not shown stands in the ledger")
		}
	})
}

func TestAnotherOfficesMemberIsLikeNone(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		refs := put(t, d, person(t, "N1", "Ann", "Lee", "1990-05-05"), person(t, "N2", "Bob", "Lee", "1991-05-05"))
		_, err := match(t, d, office("A"), member.Key{Number: "N1", Birth: date(t, "1990-05-05")})
		if err != nil {
			t.Fatal(err)
		}
		_, err = get(t, d, office("A"), "member", refs[0])
		if err != nil {
			t.Errorf("an office does not see the member it found: %v", err)
		}
		_, other := get(t, d, office("B"), "member", refs[0])
		_, none := get(t, d, office("B"), "member", id.Member("00000000000000000000000000"))
		if !fault.Is(other, fault.NotFound) || other.Error() != none.Error() {
			t.Errorf("the answers differ: %v, %v", other, none)
		}
		nobody := office("B")
		nobody.Org = ""
		_, err = match(t, d, nobody, member.Key{Number: "N1", Birth: date(t, "1990-05-05")})
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("an actor without organization finds members: %v", err)
		}
		for _, who := range []access.Actor{office("A"), office("B"), nurse()} {
			var listed map[id.Member]member.Member
			err = d.Update(t.Context(), func(tx *db.Tx) error {
				var err error
				listed, err = member.Listed(tx, who, access.Treatment, "list", append(refs, refs...))
				return err
			})
			want := map[id.Organization]int{"A": 1, "B": 0, "": 2}[who.Org]
			if err != nil || len(listed) != want {
				t.Errorf("%s: %d listed, want %d: %v", who.Name, len(listed), want, err)
			}
		}
		rows := looks(t, d, refs[0])
		if len(rows) != 4 { // found, opened, in two lists
			t.Errorf("%d disclosures, want 4", len(rows))
		}
		if rows := looks(t, d, refs[1]); len(rows) != 1 || rows[0].Subject != "list" || slices.Contains(rows[0].Fields, access.FieldAddress) {
			t.Errorf("a list discloses %+v", rows)
		}
	})
}

// TestShownOnlyWithItsRow breaks the transaction after the answer was put
// together: neither relation nor disclosure may be left.
func TestShownOnlyWithItsRow(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ref := put(t, d, person(t, "R1", "Ann", "Lee", "1990-05-05"))[0]
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := member.Match(tx, office("A"), member.Search{Key: member.Key{Number: "R1", Birth: date(t, "1990-05-05")}, Purpose: access.Treatment, Visit: seen()})
			if err != nil {
				return err
			}
			return fault.New(fault.Conflict, "broken on purpose")
		})
		if !fault.Is(err, fault.Conflict) {
			t.Fatal(err)
		}
		_, err = get(t, d, office("A"), "member", ref)
		if !fault.Is(err, fault.NotFound) || len(looks(t, d, ref)) != 0 {
			t.Errorf("a rolled back look left a trace: %v", err)
		}
		// Without a purpose the ledger refuses, and nothing is shown.
		err = d.Update(t.Context(), func(tx *db.Tx) error {
			m, err := member.Match(tx, office("A"), member.Search{Key: member.Key{Number: "R1", Birth: date(t, "1990-05-05")}, Visit: seen()})
			if err == nil || m != (member.Member{}) {
				t.Error("shown without a purpose")
			}
			return err
		})
		if !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ref := put(t, d, person(t, "C1", "Ann", "Lee", "1990-05-05"))[0]
		var wg sync.WaitGroup
		errs := make(chan error, 20)
		for range 20 {
			wg.Go(func() {
				errs <- d.Update(context.Background(), func(tx *db.Tx) error {
					_, err := member.Match(tx, office("A"), member.Search{Key: member.Key{Number: "C1", Birth: civil.Date{Y: 1990, M: 5, D: 5}}, Purpose: access.Treatment, Visit: seen()})
					return err
				})
			})
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
		if n := len(looks(t, d, ref)); n != 20 {
			t.Errorf("%d disclosures of 20 looks", n)
		}
	})
}

func TestPut(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		first := put(t, d, planted(t))[0]
		changed := planted(t)
		changed.Number, changed.Last = "planted 001", "Neu"
		if again := put(t, d, changed)[0]; again != first {
			t.Errorf("the same number made another member")
		}
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			k, err := member.Known(tx, importer(), []string{"PLANTED001", "nobody", ""})
			if err != nil {
				return err
			}
			if len(k) != 1 || k["PLANTED001"].Last != "Neu" {
				t.Errorf("known: %d", len(k))
			}
			_, err = member.Put(tx, nurse(), changed)
			if !fault.Is(err, fault.Forbidden) {
				t.Errorf("a nurse stores members: %v", err)
			}
			_, err = member.Known(tx, nurse(), []string{"PLANTED001"})
			if !fault.Is(err, fault.Forbidden) {
				t.Errorf("a nurse reads without a trace: %v", err)
			}
			_, err = member.Families(tx, nurse(), []string{"PLANTED001"})
			if !fault.Is(err, fault.Forbidden) {
				t.Errorf("a nurse reads without a trace: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, m := range map[string]member.Member{
			"no number": person(t, " ", "A", "B", "1990-01-01"),
			"no birth":  {Number: "Q1", Last: "B"},
		} {
			err = d.Update(t.Context(), func(tx *db.Tx) error {
				_, err := member.Put(tx, importer(), m)
				return err
			})
			if !fault.Is(err, fault.Internal) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestNothingPlantedIsPrinted(t *testing.T) {
	m := planted(t)
	m.ID = "plantedid"
	k := member.Key{Number: m.Number, Last: m.Last, First: m.First, Birth: m.Birth}
	type holder struct {
		Member member.Member
		Key    member.Key
		List   []member.Member
		Map    map[string]member.Member
		Ptr    *member.Member
	}
	h := holder{m, k, []member.Member{m}, map[string]member.Member{"x": m}, &m}
	var out bytes.Buffer
	for _, log := range []*slog.Logger{slog.New(slog.NewJSONHandler(&out, nil)), slog.New(slog.NewTextHandler(&out, nil))} {
		log.Info("seen", "member", m, "key", k, "holder", h, "list", h.List, "ptr", &m)
	}
	for _, verb := range []string{"%v", "%+v", "%s", "%q", "%#v"} {
		fmt.Fprintf(&out, verb+"\n", m)
		fmt.Fprintf(&out, verb+"\n", &m)
		fmt.Fprintf(&out, verb+"\n", k)
		fmt.Fprintf(&out, verb+"\n", h)
	}
	for _, v := range []any{m, h.List, h.Map, &m} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(text)
	}
	all := strings.ToLower(out.String())
	for _, secret := range []string{"plantedfirst", "plantedmiddle", "plantedlast", "plantedsuffix", "planted-001", "planted-sub", "plantedstreet", "plantedcity", "55555", "555-0100", "plantedlanguage", "1pa0pa0pa00", "1961", "plantedid"} {
		if strings.Contains(all, secret) {
			t.Errorf("%s is printed:\n%s", secret, out.String())
		}
	}
}

func TestFoldProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		once := member.Fold(text)
		if strings.ContainsAny(once, " -'’.,") {
			t.Fatalf("%q folds to %q", text, once)
		}
		if member.Fold("  "+strings.ToUpper(text)+" Jr.") != member.Fold(strings.ToUpper(text)) && once != "" {
			t.Fatalf("a suffix changes %q", text)
		}
		number := member.FoldNumber(text)
		if member.FoldNumber(number) != number {
			t.Fatalf("folding the number %q twice differs", text)
		}
	})
}
