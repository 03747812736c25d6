package claim_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/claim"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/portaltest/portal"
)

// emitting is a feed of these statements, as of a remittance in which each
// begins at another segment.
func emitting(all ...claim.Statement) claim.Feed {
	return func(_ io.Reader, emit func(claim.Statement) error) error {
		for i, s := range all {
			s.At = coverage.Place{Segment: 10 * (i + 1), Line: 1, Tag: "CLP"}
			err := emit(s)
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// told is a statement of a remittance of OFFICE about a claim.
func told(p *portal.Portal, number string, who claim.Named) claim.Statement {
	return claim.Statement{Number: number, Member: who, BillingNPI: string(p.Office.NPI), Status: claim.Paid, AsOf: civil.Date{Y: 2026, M: 11, D: 10},
		From: civil.Date{Y: 2026, M: 11, D: 2}, To: civil.Date{Y: 2026, M: 11, D: 2}}
}

// Two statements of one remittance do not become one claim when they are about
// two members, or of two billers.
func TestOneFileDoesNotMergeTwoClaims(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		own := told(p, "P-8", claim.Named{Number: p.Eleanor.Number, Birth: p.Eleanor.Birth})
		other, elsewhere := own, own
		other.Member = zoe()
		elsewhere.BillingNPI = string(p.Other.NPI)
		nobody := own
		nobody.BillingNPI = string(portal.NPI(99))
		for name, c := range map[string]struct {
			file []claim.Statement
			want string
		}{
			"two members": {[]claim.Statement{own, other}, "another member"}, "two billers": {[]claim.Statement{own, elsewhere}, "another organization"},
			"two billers and one unknown": {[]claim.Statement{nobody, own, elsewhere}, "another organization"},
		} {
			rep, err := p.Claims.Import(t.Context(), portal.Operator(), p.ClaimFile(name), "835", emitting(c.file...), nil)
			if err != nil || rep.RefusedTotal != 1 || !strings.Contains(rep.Refused[0].Reason, c.want) {
				t.Errorf("%s: %+v %v", name, rep, err)
			}
		}
		rep, err := p.Claims.Import(t.Context(), portal.Operator(), p.ClaimFile("once more"), "835", emitting(own, own), nil)
		if err != nil || rep.RefusedTotal != 0 || rep.Added != 1 {
			t.Errorf("the same claim twice in a remittance: %+v %v", rep, err)
		}
	})
}

func zoe() claim.Named {
	return claim.Named{Number: "SHA30000003", Birth: civil.Date{Y: 1950, M: time.December, D: 31}}
}

// A remittance has no birth dates: a family's number with the family's name
// says nothing about whose claim it is.
func TestADependentsRemittanceIsNotTheSubscribers(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		table := "member_number,subscriber_number,relationship,last,first,birth,plan,from\n" +
			"FAM1,FAM1,self,Stone,Carl,1950-01-01,SHA-PLUS,2026-01-01\nFAM1-02,FAM1,child,Stone,Cora,2010-02-02,SHA-PLUS,2026-01-01\nFAM1-03,FAM1,child,Brook,Carl,2012-03-03,SHA-PLUS,2026-01-01\n"
		src := coverage.Source{Name: "family.csv", Size: int64(len(table)), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(table)), nil }}
		members, err := p.Coverage.Import(t.Context(), portal.Operator(), src, coverage.CSV, nil)
		if err != nil || members.Added != 3 {
			t.Fatal(members, err)
		}
		const family, none = "a family shares the member's number", "it names no member"
		for i, c := range []struct {
			named claim.Named
			whose string // the member's number, or the reason of the refusal
		}{
			{claim.Named{Number: "FAM1", Last: "Stone", First: "Cora"}, "FAM1-02"}, {claim.Named{Number: "FAM1", First: "Cora"}, "FAM1-02"},
			{claim.Named{Number: "FAM1", Last: "Stone", First: "Carl"}, "FAM1"}, {claim.Named{Number: "FAM1", Last: "Brook", First: "Carl"}, "FAM1-03"},
			{claim.Named{Number: "FAM1", Last: "Stone"}, family}, {claim.Named{Number: "FAM1"}, family}, {claim.Named{Number: "FAM1", First: "Carl"}, "several members of one family"},
			{claim.Named{Number: "FAM1", Last: "Stone", First: "Dora"}, none}, {claim.Named{Number: "FAM1", Last: "Bach", First: "Cora"}, none},
			{claim.Named{Number: "FAM1-02", Last: "Stone"}, "FAM1-02"}, {claim.Named{Number: "FAM1-02", Last: "Stone", First: "Carl"}, none},
			{claim.Named{Number: "SHA30000003", Last: "Núñez-O'Brien"}, "SHA30000003"}, {claim.Named{Number: "SHA30000003", Last: "Other", First: "Zoe"}, "SHA30000003"},
			{claim.Named{Number: "SHA30000003", Last: "Núñez-O'Brien", First: "Zara"}, none}, {claim.Named{Number: "SHA30000003"}, none},
		} {
			number := fmt.Sprintf("P-7%02d", i)
			rep, err := p.Claims.Import(t.Context(), portal.Operator(), p.ClaimFile(number), "835", emitting(told(p, number, c.named)), nil)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if rep.RefusedTotal > 0 {
				got = rep.Refused[0].Reason
			} else {
				err = p.DB.View(t.Context(), func(tx *db.Tx) error {
					return tx.Row("select m.number from claim c join member m on m.id = c.member where c.number = $1", number).Scan(&got)
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			if got != c.whose && (len(c.whose) < 15 || !strings.Contains(got, c.whose)) {
				t.Errorf("case %d: %q, not %q", i, got, c.whose)
			}
		}
	})
}

func TestAServiceBeforeBirthIsRefused(t *testing.T) {
	p := portal.SQLite(t)
	early := told(p, "P-8", zoe())
	early.From, early.To = civil.Date{Y: 1950, M: 12, D: 30}, civil.Date{Y: 1951, M: 1, D: 2}
	line := told(p, "P-9", zoe())
	line.Lines = []claim.Line{{No: 1, System: "cpt", Code: "99213", From: early.From, To: early.From}}
	for _, s := range []claim.Statement{early, line} {
		rep, err := p.Claims.Import(t.Context(), portal.Operator(), p.ClaimFile(s.Number), "835", emitting(s), nil)
		if err != nil || rep.RefusedTotal != 1 || !strings.Contains(rep.Refused[0].Reason, "before the member was born") {
			t.Errorf("%s: %+v %v", s.Number, rep, err)
		}
	}
}

// What is paid, and by which check, is told by one statement: a claim status
// that finishes a claim brings both, and a reversal takes both back.
func TestThePaymentBelongsToTheAmounts(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		day := func(d int) civil.Date { return civil.Date{Y: 2026, M: 11, D: d} }
		check := func(number string) *claim.Payment { return &claim.Payment{Trace: number, On: day(12)} }
		load := func(format string, on int, status claim.Status, paid int64, payment *claim.Payment) claim.View {
			t.Helper()
			s := told(p, "P-13", claim.Named{Number: p.Eleanor.Number, Birth: p.Eleanor.Birth})
			s.AsOf, s.Status, s.Payment, s.HasAmounts, s.Amounts = day(on), status, payment, paid >= 0, claim.Amounts{Charge: 10000, Paid: max(paid, 0)}
			rep, err := p.Claims.Import(t.Context(), portal.Operator(), p.ClaimFile(fmt.Sprint(format, on, status, paid)), format, emitting(s), nil)
			if err != nil || rep.RefusedTotal > 0 {
				t.Fatal(rep, err)
			}
			v, err := p.Claims.Get(t.Context(), p.Clerk.Actor, p.Claim(p.Clerk, "P-13"))
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		is := func(step string, v claim.View, paid int64, trace string) {
			t.Helper()
			got := ""
			if v.Payment != nil {
				got = v.Payment.Trace
			}
			if v.Summary.Amounts.Paid != paid || got != trace {
				t.Errorf("%s: paid %d by %q, not %d by %q", step, v.Summary.Amounts.Paid, got, paid, trace)
			}
		}
		is("in process", load("csv", 5, claim.InProcess, 0, nil), 0, "")
		is("a status that says no more", load("277", 6, claim.InProcess, 0, nil), 0, "")
		is("a status of a paid claim", load("277", 8, claim.Paid, 8000, check("99")), 8000, "99")
		is("the remittance", load("835", 9, claim.Paid, 8500, check("100")), 8500, "100")
		is("a poorer status", load("277", 10, claim.Paid, 8000, check("101")), 8500, "100")
		is("an older table", load("csv", 7, claim.Paid, 7000, check("98")), 8500, "100")
		is("a reversal", load("csv", 11, claim.Reversed, -1, nil), 8500, "")
		is("an older table after the reversal", load("csv", 10, claim.Paid, 8600, check("102")), 8600, "")
		is("paid anew", load("835", 14, claim.Paid, 9000, check("103")), 9000, "103")
		is("corrected to nothing", load("835", 15, claim.NoPayment, 0, nil), 0, "")
	})
}

// After 18 months a claim is shown no more, to an office that may see the
// member for another reason too, and finding it again does not lengthen the tie.
func TestClaimsAreShownFor18Months(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.LoadClaims(portal.Claims)
		ref := p.Claim(p.Clerk, "P-1002") // of November 4, 2026
		sheet := p.LookUp(p.Clerk, p.Eleanor)
		p.Submit(p.Clerk, p.Eleanor, nil)
		numbers := func() (list int, page int, number, open error) {
			rows, err := p.Claims.ByMember(t.Context(), p.Clerk.Actor, eleanor(), "")
			if err != nil {
				t.Fatal(err)
			}
			_, number = p.Claims.ByNumber(t.Context(), p.Clerk.Actor, "P-1002")
			_, open = p.Claims.Get(t.Context(), p.Clerk.Actor, ref)
			err = p.DB.Update(t.Context(), func(tx *db.Tx) error {
				own, err := claim.OfMember(tx, p.Clerk.Actor, access.Treatment, sheet.Member.ID, 10)
				page = len(own.Rows)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return len(rows.Rows), page, number, open
		}
		p.Clock.Set(time.Date(2028, 5, 4, 12, 0, 0, 0, time.UTC))
		if list, page, number, open := numbers(); list != 1 || page != 1 || number != nil || open != nil {
			t.Errorf("18 months after the service: %d in the list, %d on the member's page, %v, %v", list, page, number, open)
		}
		p.Clock.Set(time.Date(2028, 5, 6, 12, 0, 0, 0, time.UTC))
		if list, page, number, open := numbers(); list != 0 || page != 0 || !fault.Is(number, fault.NotFound) || !fault.Is(open, fault.NotFound) {
			t.Errorf("later: %d in the list, %d on the member's page, %v, %v", list, page, number, open)
		}
	})
}

// A tie that a claim gives ends 18 months after the service, whenever the
// portal finds the claim again at a look.
func TestALookDoesNotLengthenTheTieOfAClaim(t *testing.T) {
	p := portal.SQLite(t)
	p.LoadClaims(portal.Claims)
	until := func() (at int64) {
		err := p.DB.View(t.Context(), func(tx *db.Tx) error {
			return tx.Row("select until_us from member_tie where org = $1 and kind = 'claim'", string(p.Other.ID)).Scan(&at)
		})
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	before := until()
	p.Clock.Set(time.Date(2028, 5, 10, 12, 0, 0, 0, time.UTC)) // P-2001 is of November 11, 2026
	_, err := p.Coverage.LookUp(t.Context(), p.Stranger.Actor, coverage.Query{Key: p.Eleanor})
	if err != nil || until() != before || !db.Time(before).Equal(time.Date(2028, 5, 12, 4, 0, 0, 0, time.UTC)) {
		t.Errorf("until %s, then %s: %v", db.Time(before), db.Time(until()), err)
	}
}

// A CPT code that a file calls HCPCS is the same code to the plan's list.
func TestTheListKnowsACodeUnderEitherName(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		_, err := p.Sensitive.Import(t.Context(), portal.Operator(), "s.csv", strings.NewReader("system,code,category\ncpt,908*,behavioral health\nhcpcs,H0001,substance use\n"))
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range []claim.Line{{System: "hcpcs", Code: "90832"}, {System: "cpt", Code: "90832"}, {System: "cpt", Code: "H0001"}} {
			l.No = 1
			s := told(p, fmt.Sprintf("P-16%d", i), claim.Named{Number: p.Eleanor.Number, Birth: p.Eleanor.Birth})
			s.Lines = []claim.Line{l}
			rep, err := p.Claims.Import(t.Context(), portal.Operator(), p.ClaimFile(s.Number), "835", emitting(s), nil)
			if err != nil || rep.RefusedTotal > 0 {
				t.Fatal(rep, err)
			}
			v, err := p.Claims.Get(t.Context(), p.Clerk.Actor, p.Claim(p.Clerk, s.Number))
			if err != nil || len(v.Labels) != 1 {
				t.Errorf("%s %s: labels %v, %v", l.System, l.Code, v.Labels, err)
			}
		}
	})
}
