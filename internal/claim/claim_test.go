package claim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/claim"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/portaltest/portal"
)

func eleanor() member.Key {
	return member.Key{Number: "SHA20987716", Birth: civil.Date{Y: 1951, M: time.March, D: 4}}
}

// ledger gives the newest rows of one person, newest first.
func ledger(t *testing.T, p *portal.Portal, who portal.Person) []disclosure.Row {
	t.Helper()
	var rows []disclosure.Row
	err := p.DB.View(t.Context(), func(tx *db.Tx) error {
		var err error
		rows, err = disclosure.OfPerson(tx, p.Privacy.Actor, who.Actor.Person, 50)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestAnOfficeSeesItsOwnClaimsWhole(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		rep := p.LoadClaims(portal.Claims)
		if rep.Claims != 4 || rep.Added != 4 || rep.Unplaced != 0 {
			t.Fatalf("%+v", rep)
		}
		v, err := p.Claims.Get(t.Context(), p.Clerk.Actor, p.Claim(p.Clerk, "P-1001"))
		if err != nil {
			t.Fatal(err)
		}
		if v.Status != claim.PartlyPaid || v.Summary.Amounts != (claim.Amounts{Charge: 30000, Paid: 15000, Owed: 2000, Allowed: 20000, AllowedKnown: true}) ||
			len(v.Lines) != 2 || v.Adjusted() != 13000 || v.Balance() != 0 {
			t.Errorf("amounts: %s %+v, lines %d, adjusted %d, left %d", v.Status, v.Summary.Amounts, len(v.Lines), v.Adjusted(), v.Balance())
		}
		if v.Member.Name() != "Eleanor Q Whitfield-Castellanos" || v.Member.Gender != "" || v.Billing.Name != p.Office.Name || v.Servicing.Name != "Li Wei" {
			t.Errorf("parties: %q, %q, %q", v.Member.Name(), v.Billing.Name, v.Servicing.Name)
		}
		if v.Payment == nil || v.Payment.Trace != "CHECK-77" || v.Payment.On.String() != "2026-11-12" || v.OfficeNumber != "A-1" || v.States[0].Category != "F1" {
			t.Errorf("payment %+v, states %v", v.Payment, v.States)
		}
		second := v.Lines[1]
		if second.Code != "99213" || second.Modifiers[0] != "25" || second.Adjustments[0].Reason != "197" || second.Remarks[0].Code != "N130" || second.From != v.From {
			t.Errorf("%+v", second)
		}
	})
}

// What is shown is what the ledger says, before it is shown (P-02, P-09).
func TestEachLookIsWrittenDownExactly(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.LoadClaims(portal.Claims)
		fields := []access.Field{access.FieldName, access.FieldBirth, access.FieldMemberID, access.FieldClaims, access.FieldAmounts}
		page, err := p.Claims.ByDays(t.Context(), p.Clerk.Actor, civil.Date{Y: 2026, M: 11, D: 1}, civil.Date{Y: 2026, M: 11, D: 23}, "")
		if err != nil || len(page.Rows) != 3 {
			t.Fatal(len(page.Rows), err)
		}
		rows := ledger(t, p, p.Clerk)
		if len(rows) != 2 { // two members, each once
			t.Fatalf("%d rows", len(rows))
		}
		list := []access.Field{access.FieldName, access.FieldBirth, access.FieldClaims, access.FieldAmounts} // without member IDs
		for _, r := range rows {
			if r.Subject != "claims" || r.Outcome != disclosure.Shown || r.Purpose != access.Payment || !slices.Equal(r.Fields, list) || r.Member == "" {
				t.Errorf("%+v", r.Look)
			}
		}
		v, err := p.Claims.Get(t.Context(), p.Viewer.Actor, page.Rows[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		rows = ledger(t, p, p.Viewer)
		if len(rows) != 1 || rows[0].ID != v.Disclosure || rows[0].Subject != "claim/"+string(v.ID) || !slices.Equal(rows[0].Fields, fields[:4]) {
			t.Errorf("%+v", rows)
		}
		if v.HasAmounts || v.Summary.Amounts != (claim.Amounts{}) {
			t.Error("a viewer was shown amounts")
		}
		p.Clock.Advance(time.Second)
		_, err = p.Claims.ByNumber(t.Context(), p.Viewer.Actor, "P-2001") // another office's
		rows = ledger(t, p, p.Viewer)
		if !fault.Is(err, fault.NotFound) || rows[0].Outcome != disclosure.NotFound || rows[0].Member != "" || rows[0].Key != "claim number" {
			t.Errorf("%v %+v", err, rows[0].Look)
		}
	})
}

func TestAnotherOfficesClaimAnswersLikeNone(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.LoadClaims(portal.Claims)
		theirs := p.Claim(p.Clerk, "P-1001")
		_, err := p.Claims.Get(t.Context(), p.Stranger.Actor, theirs)
		_, none := p.Claims.Get(t.Context(), p.Stranger.Actor, id.New[claim.ID](p.Clock.Now()))
		if !fault.Is(err, fault.NotFound) || fault.Text(err) != fault.Text(none) {
			t.Errorf("%v and %v", err, none)
		}
		page, err := p.Claims.ByMember(t.Context(), p.Stranger.Actor, eleanor(), "")
		if err != nil || len(page.Rows) != 1 || page.Rows[0].Number != "P-2001" {
			t.Errorf("by member: %d %v", len(page.Rows), err)
		}
		zoe := member.Key{Number: "SHA30000003", Birth: civil.Date{Y: 1950, M: 12, D: 31}}
		_, err = p.Claims.ByMember(t.Context(), p.Stranger.Actor, zoe, "")
		_, wrong := p.Claims.ByMember(t.Context(), p.Stranger.Actor, member.Key{Number: "SHA30000003", Birth: civil.Date{Y: 1950, M: 12, D: 30}}, "")
		if !fault.Is(err, fault.NotFound) || fault.Text(err) != fault.Text(wrong) {
			t.Errorf("a member of another office: %v and %v", err, wrong)
		}
		for _, who := range []portal.Person{p.Nurse, p.HelpDesk, p.Privacy} {
			_, err := p.Claims.Get(t.Context(), who.Actor, theirs)
			if !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s: %v", who.Username, err)
			}
		}
	})
}

// Guessing at members or numbers is held up as every look-up is.
func TestLookingInVainIsHeldUp(t *testing.T) {
	p := portal.SQLite(t)
	p.LoadClaims(portal.Claims)
	held := false
	for i := range 40 {
		var err error
		if i%2 == 0 {
			_, err = p.Claims.ByNumber(t.Context(), p.Clerk.Actor, fmt.Sprintf("P-77%02d", i))
		} else {
			_, err = p.Claims.ByMember(t.Context(), p.Clerk.Actor, member.Key{Number: fmt.Sprintf("SHA77770%02d", i), Birth: eleanor().Birth}, "")
		}
		if fault.Is(err, fault.TooMany) {
			held = true
			break
		}
		if !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
	}
	_, err := p.Claims.ByNumber(t.Context(), p.Clerk.Actor, "P-1001")
	if !held || !fault.Is(err, fault.TooMany) {
		t.Errorf("guesses go on: %t, %v", held, err)
	}
}

// Somebody with access for chosen providers sees no other's claims.
func TestReachHoldsForClaims(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.LoadClaims(portal.Claims)
		ref := p.Claim(p.Clerk, "P-1001")
		limited := p.Clerk.Actor
		limited.Providers = []string{string(portal.NPI(77))}
		_, err := p.Claims.Get(t.Context(), limited, ref)
		page, listErr := p.Claims.ByMember(t.Context(), limited, eleanor(), "")
		if !fault.Is(err, fault.NotFound) || listErr != nil || len(page.Rows) != 0 {
			t.Errorf("out of reach: %v, %d rows, %v", err, len(page.Rows), listErr)
		}
		limited.Providers = []string{string(p.Requesting.NPI)}
		_, err = p.Claims.Get(t.Context(), limited, ref)
		page, listErr = p.Claims.ByMember(t.Context(), limited, eleanor(), "")
		if err != nil || listErr != nil || len(page.Rows) != 2 {
			t.Errorf("within reach: %v, %d rows, %v", err, len(page.Rows), listErr)
		}
	})
}

// A claim lets its office see the member for 18 months after the service.
func TestAClaimTiesTheOfficeToTheMember(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.LoadClaims(portal.Claims)
		page, err := p.Claims.ByMember(t.Context(), p.Clerk.Actor, eleanor(), "")
		if err != nil || len(page.Rows) != 2 || page.Member.Last != "Whitfield-Castellanos" {
			t.Fatal(len(page.Rows), err)
		}
		_, err = p.Coverage.Sheet(t.Context(), p.Clerk.Actor, page.Member.ID, coverage.Ask{})
		if err != nil {
			t.Errorf("the member's page: %v", err)
		}
		tied := func() (own, other bool) {
			err := p.DB.View(t.Context(), func(tx *db.Tx) error {
				var err error
				own, err = claim.Tied(tx, p.Office.ID, page.Member.ID)
				if err != nil {
					return err
				}
				other, err = claim.Tied(tx, p.Facility.ID, page.Member.ID)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return own, other
		}
		if own, other := tied(); !own || other {
			t.Errorf("tied: %t, the facility %t", own, other)
		}
		p.Clock.Set(time.Date(2028, 5, 5, 12, 0, 0, 0, time.UTC))
		if own, _ := tied(); own {
			t.Error("the tie goes on after 18 months")
		}
		_, err = p.Claims.ByMember(t.Context(), p.Clerk.Actor, eleanor(), "")
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("after 18 months: %v", err)
		}
	})
}

// A newer statement stands in front, an older one that comes late does not,
// and all of them stay.
func TestWhatWasKnownWhen(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		row := func(status, asOf, rest string) string {
			return "P-5,A-5,SHA20987716,1951-03-04,OFFICE,CARDIOLOGIST," + status + "," + asOf + ",,2026-11-02,,100.00,,80.00,20.00,,,,," + rest + "\n"
		}
		tail := ",,,,,1,93000,,1,100.00,,80.00,20.00,PR-1:20.00,"
		p.LoadClaims(row("in process", "2026-11-05", ",,,,,,,,,,,,,,"))
		p.Clock.Advance(time.Hour)
		p.LoadClaims(row("paid", "2026-11-10", tail))
		p.Clock.Advance(time.Hour)
		rep := p.LoadClaims(row("received", "2026-11-03", ",,,,,,,,,,,,,,"))
		if rep.Added != 0 || rep.Changed != 0 {
			t.Errorf("an old statement: %+v", rep)
		}
		v, err := p.Claims.Get(t.Context(), p.Clerk.Actor, p.Claim(p.Clerk, "P-5"))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, h := range v.History {
			got = append(got, fmt.Sprint(h.Status, " ", h.AsOf, " ", h.Front))
		}
		want := []string{"paid 2026-11-10 true", "in process 2026-11-05 false", "received 2026-11-03 false"}
		if !slices.Equal(got, want) || v.Status != claim.Paid || len(v.Lines) != 1 {
			t.Errorf("%v, %s", got, v.Status)
		}
		rep = p.LoadClaims(row("paid", "2026-11-10", tail))
		if !rep.Already {
			t.Error("the same file was loaded twice")
		}
		rep = p.LoadClaims(row("reversed", "2026-11-20", ",,,,,,,,,,,,,,"))
		if rep.Changed != 1 {
			t.Errorf("%+v", rep)
		}
	})
}

func TestSensitiveClaimsCarryLabelAndNotice(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.LoadClaims(portal.Claims)
		v, err := p.Claims.Get(t.Context(), p.Clerk.Actor, p.Claim(p.Clerk, "P-1002"))
		if err != nil {
			t.Fatal(err)
		}
		if len(v.Labels) != 1 || !strings.Contains(v.Notice, "42 CFR part 2 prohibits unauthorized use or disclosure of these records") {
			t.Errorf("%v %q", v.Labels, v.Notice)
		}
		plain, err := p.Claims.Get(t.Context(), p.Clerk.Actor, p.Claim(p.Clerk, "P-1001"))
		if err != nil || len(plain.Labels) != 0 || plain.Notice != "" {
			t.Errorf("%v %v", plain.Labels, err)
		}
		// A list that is loaded later holds for claims that are there.
		_, err = p.Sensitive.Import(t.Context(), portal.Operator(), "s.csv", strings.NewReader("system,code,category\ncpt,93*,genetic\n"))
		if err != nil {
			t.Fatal(err)
		}
		plain, err = p.Claims.Get(t.Context(), p.Clerk.Actor, plain.ID)
		if err != nil || len(plain.Labels) != 1 || plain.Labels[0] != "genetic" {
			t.Errorf("after the list: %v %v", plain.Labels, err)
		}
	})
}

func TestRefusedRowsAreNamedAndNothingIsLoaded(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		base := strings.Split(strings.SplitN(portal.Claims, "\n", 2)[0], ",")
		with := func(column int, value string) string {
			cells := slices.Clone(base)
			cells[column] = value
			return strings.Join(cells, ",") + "\n"
		}
		cases := []struct{ name, rows, want string }{
			{"unknown member", with(2, "SHA99999999"), "line 2: it names no member that we have"},
			{"wrong birth date", with(3, "1951-03-05"), "line 2: it names no member that we have"},
			{"no birth date", with(3, ""), "line 2: birth: is missing"},
			{"bad check digit", with(4, "1234567890"), "line 2: the NPI of who billed"},
			{"no such status", with(6, "lost"), "line 2: the status is none"},
			{"future statement", with(7, "2026-12-24"), "line 2: the day of the statement is in the future"},
			{"service in the future", with(9, "2026-12-24"), "line 2: the first day of service is in the future"},
			{"backwards", with(10, "2026-10-01"), "line 2: the service ends before it begins"},
			{"no amount", with(11, "1,5"), "line 2: has another number of cells"},
			{"three decimals", with(11, "1.505"), "line 2: charge: is dollars"},
			{"amounts without a charge", with(11, ""), "line 2: charge: is missing beside"},
			{"adjustment", with(17, "CO45"), "line 2: adjustments: is a group"},
			{"diagnosis", with(19, "250"), "line 2: a diagnosis"},
			{"label", with(20, "secret"), "line 2: label: is substance use"},
			{"half a payment", with(22, ""), "line 2: payment_number: a payment needs"},
			{"line twice", with(1, "A-1") + "P-1001" + strings.Repeat(",", 24) + "1,99213,,1,10,,,,,\n", "line 3: line: is a number from 1 to 1000, each once"},
			{"another member of one claim", with(1, "A-1") + "P-1001,,SHA30000003" + strings.Repeat(",", 22) + "2,99213,,1,10,,,,,\n", "line 3: member_number: differs from the first row"},
			{"rows of a claim apart", with(1, "A-1") + strings.Split(portal.Claims, "\n")[2] + "\n" + with(1, "A-1"), "begins on line"},
			{"no claim", "", "the file: it holds no claim"},
		}
		for _, c := range cases {
			good := "P-9,,SHA20987716,1951-03-04,OFFICE,,received,2026-11-05,,2026-11-02" + strings.Repeat(",", 24) + "\n"
			if c.name == "no claim" {
				good = ""
			}
			rep, err := p.Claims.Import(t.Context(), portal.Operator(), p.ClaimFile(c.rows+good), "csv", claim.CSV, nil)
			if err != nil || rep.RefusedTotal == 0 {
				t.Errorf("%s: %+v %v", c.name, rep, err)
				continue
			}
			got := rep.Refused[0].Where + ": " + rep.Refused[0].Reason
			if !strings.Contains(got, c.want) {
				t.Errorf("%s: %q", c.name, got)
			}
			for _, planted := range []string{"SHA99999999", "1951-03-05", "lost", "1.505", "secret"} {
				if strings.Contains(got, planted) {
					t.Errorf("%s repeats what stood there: %q", c.name, got)
				}
			}
		}
		_, err := p.Claims.ByNumber(t.Context(), p.Clerk.Actor, "P-9")
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("a file with refusals loaded something: %v", err)
		}
	})
}

// A claim of a number that is known stays with its member and its office.
func TestAClaimDoesNotMoveToSomebodyElse(t *testing.T) {
	p := portal.SQLite(t)
	p.LoadClaims(portal.Claims)
	for name, rows := range map[string]string{
		"another member": "P-1001,A-1,SHA30000003,1950-12-31,OFFICE,,paid,2026-11-20,,2026-11-02" + strings.Repeat(",", 24) + "\n",
		"another office": "P-1001,A-1,SHA20987716,1951-03-04,OTHER,,paid,2026-11-20,,2026-11-02" + strings.Repeat(",", 24) + "\n",
	} {
		rep, err := p.Claims.Import(t.Context(), portal.Operator(), p.ClaimFile(rows), "csv", claim.CSV, nil)
		if err != nil || rep.RefusedTotal != 1 || !strings.Contains(rep.Refused[0].Reason, "is known") {
			t.Errorf("%s: %+v %v", name, rep, err)
		}
	}
}

func TestSearchBounds(t *testing.T) {
	p := portal.SQLite(t)
	day := func(y int, m time.Month, d int) civil.Date { return civil.Date{Y: y, M: m, D: d} }
	for name, span := range map[string][2]civil.Date{
		"nothing": {}, "half": {day(2026, 11, 1)}, "backwards": {day(2026, 11, 2), day(2026, 11, 1)}, "future": {day(2026, 11, 1), day(2026, 12, 1)},
		"too long": {day(2026, 6, 1), day(2026, 11, 1)}, "too old": {day(2025, 5, 1), day(2025, 6, 1)},
	} {
		_, err := p.Claims.ByDays(t.Context(), p.Clerk.Actor, span[0], span[1], "")
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := p.Claims.ByDays(t.Context(), p.Clerk.Actor, day(2026, 11, 1), day(2026, 11, 2), "x'; drop")
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("a cursor that is none: %v", err)
	}
	_, err = p.Claims.ByMember(t.Context(), p.Clerk.Actor, member.Key{Number: "SHA20987716"}, "")
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("without a birth date: %v", err)
	}
}

// A list of more than a page is walked without losing or repeating a claim.
func TestPagesFollowEachOther(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		var rows strings.Builder
		for i := range 120 {
			fmt.Fprintf(&rows, "N-%03d,,SHA20987716,1951-03-04,OFFICE,,received,2026-11-05,,2026-11-%02d%s\n", i, 1+i%5, strings.Repeat(",", 24))
		}
		p.LoadClaims(rows.String())
		seen, after := map[string]bool{}, ""
		for n := 1; ; n++ {
			page, err := p.Claims.ByMember(t.Context(), p.Clerk.Actor, eleanor(), after)
			if err != nil || n > 3 {
				t.Fatal(n, err)
			}
			for _, r := range page.Rows {
				if seen[r.Number] {
					t.Errorf("%s twice", r.Number)
				}
				seen[r.Number] = true
			}
			after = page.Next
			if after == "" {
				break
			}
		}
		if len(seen) != 120 {
			t.Errorf("%d claims", len(seen))
		}
	})
}

func TestStatementsAreNeverChanged(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.LoadClaims(portal.Claims)
		for _, table := range []string{"claim_statement", "claim_line", "claim_adjustment", "claim_payment", "claim_import", "sensitive_label"} {
			err := p.DB.Update(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec("delete from " + table) //nolint:dialect // the names stand above
				return err
			})
			if err == nil {
				t.Errorf("%s can be emptied", table)
			}
		}
	})
}

func FuzzCSV(f *testing.F) {
	f.Add("claim_number,member_number,birth,billing_npi,status,as_of,from\nP,M,1951-03-04,1234567893,paid,2026-01-01,2026-01-01\n")
	f.Add("claim_number,member_number,birth,billing_npi,status,as_of,from,line,code,charge,adjustments\nP,M,x,1,paid,,,1,99213,1.5,CO-1:2\nP,,,,,,,2,99213,,\n")
	f.Add("claim_number\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		last := 0
		err := claim.CSV(strings.NewReader(text), func(s claim.Statement) error {
			if s.At.Line <= last {
				t.Fatalf("a claim of line %d after line %d", s.At.Line, last)
			}
			last = s.At.Line
			for _, pr := range s.Problems {
				if pr.Where == "" || pr.Reason == "" {
					t.Fatalf("%+v", pr)
				}
			}
			return nil
		})
		_ = err // what cannot be read says so
	})
}
