package claim_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"hsconnect/internal/civil"
	"hsconnect/internal/claim"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/portaltest/portal"
)

// staged counts what lies in the tables of the staging, and the claims.
func staged(t *testing.T, p *portal.Portal) (rows, claims int) {
	t.Helper()
	err := p.DB.View(t.Context(), func(tx *db.Tx) error {
		var files int
		err := tx.Row("select count(*) from intake_file").Scan(&files)
		if err != nil {
			return err
		}
		err = tx.Row("select coalesce(sum(row_count), 0) from intake_batch").Scan(&rows)
		if err != nil {
			return err
		}
		if files == 0 && rows > 0 {
			t.Error("batches of no file")
		}
		return tx.Row("select count(*) from claim").Scan(&claims)
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows, claims
}

// remittance is a file of many claims in which some are told of again far
// behind: taken back, paid anew, or as of an earlier day.
func remittance(p *portal.Portal, n int) []claim.Statement {
	who := claim.Named{Number: p.Eleanor.Number, Birth: p.Eleanor.Birth}
	var out []claim.Statement
	for i := range n {
		out = append(out, told(p, fmt.Sprintf("R-%05d", i), who))
	}
	for i := range 5 {
		back, old := told(p, fmt.Sprintf("R-%05d", i), who), told(p, fmt.Sprintf("R-%05d", 10+i), who)
		back.Status, back.AsOf = claim.Reversed, civil.Date{Y: 2026, M: 11, D: 12}
		old.AsOf = civil.Date{Y: 2026, M: 11, D: 5}
		out = append(out, back, old)
	}
	out = append(out, told(p, "P-1001", who)) // known, and newer than this
	unplaced := told(p, "R-none", who)
	unplaced.BillingNPI = string(portal.NPI(99))
	return append(out, unplaced)
}

func order(p *portal.Portal, name string, all []claim.Statement) claim.Order {
	return claim.Order{Source: p.ClaimFile(name), Feed: emitting(all...), Format: "835"}
}

// What a check says would change is what a load then changes; and a check, and
// a no, change nothing and leave nothing staged.
func TestTheDifferenceIsShownBeforeItIsApplied(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.LoadClaims(portal.Claims)
		o := order(p, "difference", remittance(p, 450))
		o.CheckOnly = true
		checked, err := p.Claims.Load(t.Context(), portal.Operator(), o)
		if err != nil || checked.RefusedTotal > 0 {
			t.Fatal(checked, err)
		}
		want := claim.Report{Claims: 462, Added: 451, Changed: 6, Reversed: 5, Unplaced: 1}
		same := func(r claim.Report) bool {
			return r.Claims == want.Claims && r.Added == want.Added && r.Changed == want.Changed && r.Reversed == want.Reversed && r.Unplaced == want.Unplaced
		}
		if rows, claims := staged(t, p); !same(checked) || rows != 0 || claims != 4 {
			t.Errorf("checked: %+v, %d rows staged, %d claims", checked, rows, claims)
		}
		asked := claim.Report{}
		o.CheckOnly, o.Ask = false, func(rep claim.Report) bool { asked = rep; return false }
		rep, err := p.Claims.Load(t.Context(), portal.Operator(), o)
		if rows, claims := staged(t, p); err != nil || !rep.Declined || !same(asked) || rows != 0 || claims != 4 {
			t.Errorf("a no: %+v, asked of %+v, %d rows staged, %d claims: %v", rep, asked, rows, claims, err)
		}
		o.Ask = func(claim.Report) bool { return true }
		rep, err = p.Claims.Load(t.Context(), portal.Operator(), o)
		if rows, claims := staged(t, p); err != nil || !same(rep) || rows != 0 || claims != 455 {
			t.Errorf("a yes: %+v, %d rows staged, %d claims: %v", rep, rows, claims, err)
		}
		if len(rep.Counts()) != 5 {
			t.Errorf("%+v", rep.Counts())
		}
	})
}

// A check names what a load would refuse, of claims far apart in the file too.
func TestACheckNamesWhatWouldBeRefused(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		all := remittance(p, 450)
		other := told(p, "R-00003", zoe())
		all = append(all, other)
		for _, only := range []bool{true, false} {
			o := order(p, "refused", all)
			o.CheckOnly = only
			rep, err := p.Claims.Load(t.Context(), portal.Operator(), o)
			if err != nil || rep.RefusedTotal != 1 || !strings.Contains(rep.Refused[0].Reason, "another member") {
				t.Errorf("check %t: %+v %v", only, rep, err)
			}
		}
		if rows, claims := staged(t, p); rows != 0 || claims != 0 {
			t.Errorf("%d rows staged, %d claims", rows, claims)
		}
	})
}

// A load that is killed while it reads goes on with what it had staged, and
// then leaves nothing behind.
func TestAKilledLoadOfClaimsGoesOn(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		all := remittance(p, 4500)
		o := order(p, "killed", all)
		ctx, kill := context.WithCancel(t.Context())
		whole := o.Feed
		o.Feed = func(r io.Reader, emit func(claim.Statement) error) error {
			n := 0
			return whole(r, func(s claim.Statement) error {
				n++
				if n == 4200 {
					kill()
				}
				return emit(s)
			})
		}
		_, err := p.Claims.Load(ctx, portal.Operator(), o)
		rows, claims := staged(t, p)
		if !fault.Is(err, fault.Unavailable) || rows < 2000 || claims != 0 {
			t.Fatalf("killed: %d rows staged, %d claims: %v", rows, claims, err)
		}
		o.Feed = whole
		rep, err := p.Claims.Load(t.Context(), portal.Operator(), o)
		if left, claims := staged(t, p); err != nil || rep.Resumed != rows || rep.Added != 4502 || left != 0 || claims != 4502 {
			t.Errorf("again: %+v, %d rows staged, %d claims: %v", rep, left, claims, err)
		}
		rep, err = p.Claims.Load(t.Context(), portal.Operator(), o)
		if err != nil || !rep.Already {
			t.Errorf("once more: %+v %v", rep, err)
		}
	})
}

// What was staged of other rows than those of the file is read anew.
func TestStagedRowsOfAnotherFileAreNotTaken(t *testing.T) {
	p := portal.SQLite(t)
	all := remittance(p, 4500)
	o := order(p, "stale", all)
	ctx, kill := context.WithCancel(t.Context())
	whole := o.Feed
	o.Feed = func(r io.Reader, emit func(claim.Statement) error) error {
		err := emitting(all[5:]...)(r, emit)
		kill()
		return err
	}
	_, err := p.Claims.Load(ctx, portal.Operator(), o)
	if rows, _ := staged(t, p); err == nil || rows < 2000 {
		t.Fatalf("%d rows staged: %v", rows, err)
	}
	o.Feed = whole
	rep, err := p.Claims.Load(t.Context(), portal.Operator(), o)
	if err != nil || rep.Added != 4502 || rep.Resumed != 0 {
		t.Errorf("%+v %v", rep, err)
	}
}
