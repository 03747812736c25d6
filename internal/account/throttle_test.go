package account

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
)

const wrong = "not the password at all"

func TestDelaysDouble(t *testing.T) {
	for failures, want := range map[int64]time.Duration{
		0: 0, 4: 0, 5: 2 * time.Second, 6: 4 * time.Second, 10: 64 * time.Second, 13: 512 * time.Second, 14: mostDelay, 99: mostDelay, 1 << 40: mostDelay,
	} {
		if got := delayAfter(failures, slowFrom); got != want {
			t.Errorf("after %d: %v, want %v", failures, got, want)
		}
	}
}

func TestNetworks(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
		"": "unknown", "evil\nline": "unknown", "192.0.2.7:443": "unknown",
	} {
		if got := networkOf(address); got != want {
			t.Errorf("%q is %q, want %q", address, got, want)
		}
	}
}

// I-10: from the fifth failure on each try costs a growing wait, whether the
// username exists or not; trying during the wait costs no hash and counts for nothing.
func TestFailuresSlowDown(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.create(clerk("ruth.osei"))
		for i, name := range []string{"ruth.osei", "nobody.here"} {
			from := func(try int) string { return fmt.Sprintf("203.0.%d.%d", i, try) } // from everywhere
			for try := range slowFrom {
				_, _, err := f.signIn(name, wrong, from(try))
				wantKind(t, name+": free try", err, fault.Unauthenticated)
			}
			wait := firstDelay
			for try := slowFrom; try < slowFrom+4; try++ {
				hashes := f.hash.runs.Load()
				f.clock.Advance(wait - time.Millisecond)
				for range 3 {
					_, _, err := f.signIn(name, goodPassword, from(100+try))
					wantKind(t, fmt.Sprintf("%s: too early after %d", name, try), err, fault.TooMany)
				}
				if f.hash.runs.Load() != hashes {
					t.Error("a refused try cost a hash")
				}
				f.clock.Advance(time.Millisecond)
				_, _, err := f.signIn(name, wrong, from(try))
				wantKind(t, fmt.Sprintf("%s: in time after %d", name, try), err, fault.Unauthenticated)
				wait *= 2
			}
			f.clock.Advance(7 * 24 * time.Hour) // a count on a name outlasts any pause
			_, _, err := f.signIn(name, wrong, from(200))
			wantKind(t, name+": after a week", err, fault.Unauthenticated)
			_, _, err = f.signIn(name, goodPassword, from(201))
			wantKind(t, name+": at once after that", err, fault.TooMany)
		}
	})
}

func TestAGoodSignInStartsTheCountOver(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.create(clerk("ruth.osei"))
		for range 3 {
			for range slowFrom - 1 {
				_, _, err := f.signIn("ruth.osei", wrong, elsewhere)
				wantKind(t, "free try", err, fault.Unauthenticated)
			}
			f.mustSignIn("ruth.osei", goodPassword, elsewhere)
		}
	})
}

// A stranger who keeps failing on an account holds up neither its owner where
// she works nor her colleague; her own failures there hold up only herself.
func TestAStrangerLocksNobodyOut(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.create(clerk("ruth.osei"))
		f.create(clerk("colleague"))
		f.mustSignIn("ruth.osei", goodPassword, home)
		for range shutAfter + 5 {
			_, _, _ = f.signIn("ruth.osei", wrong, elsewhere)
			f.clock.Advance(mostDelay)
		}
		_, _, err := f.signIn("ruth.osei", goodPassword, elsewhere)
		wantKind(t, "the stranger guesses right at last", err, fault.TooMany)
		f.mustSignIn("ruth.osei", goodPassword, home)
		_, who := f.mustSignIn("ruth.osei", goodPassword, elsewhere) // on her way: the failures were ended by her own sign-in
		if who.Username != "ruth.osei" {
			t.Error(who.Username)
		}

		for range slowFrom {
			_, _, err = f.signIn("ruth.osei", wrong, home)
			wantKind(t, "her own typing", err, fault.Unauthenticated)
		}
		_, _, err = f.signIn("ruth.osei", goodPassword, home)
		wantKind(t, "her own wait", err, fault.TooMany)
		f.mustSignIn("colleague", goodPassword, home)
		f.mustSignIn("ruth.osei", goodPassword, elsewhere)
	})
}

// I-10, NIST SP 800-63B-4 s.3.2.2: after 100 failures in a row even the right
// password is refused, until somebody recognized the person.
func TestAfterAHundredFailuresOnlyRecovery(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref := f.create(clerk("ruth.osei"))
		for i := range shutAfter {
			_, _, err := f.signIn("ruth.osei", wrong, fmt.Sprintf("203.0.113.%d", i))
			wantKind(t, fmt.Sprint("failure ", i), err, fault.Unauthenticated)
			f.clock.Advance(mostDelay)
		}
		f.clock.Advance(1000 * time.Hour)
		_, err := f.Purge(ctx, access.SystemActor("account"))
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = f.signIn("ruth.osei", goodPassword, home)
		if !fault.Is(err, fault.TooMany) || !strings.Contains(err.Error(), "HelpDesk to open it") {
			t.Errorf("attempt 101, right: %v", err)
		}
		wantKind(t, "recovery", f.Unlock(ctx, desk, ref, "called back at the office's number"), 0)
		f.mustSignIn("ruth.osei", goodPassword, home)
		if got := f.kinds(ref); strings.Count(got, string(SignInFailed)) > shutAfter || !strings.Contains(got, string(Unlocked)) {
			t.Error(got)
		}
	})
}

// Guesses sent at once get no more tries than guesses one after the other.
func TestManyGuessesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.create(clerk("ruth.osei"))
		_, _, err := f.signIn("ruth.osei", wrong, "203.0.113.1") // the first of them
		wantKind(t, "first", err, fault.Unauthenticated)
		hashes := f.hash.runs.Load()
		var all sync.WaitGroup
		var refused atomic.Int64
		for i := range 24 {
			all.Go(func() {
				_, _, err := f.signIn("ruth.osei", wrong, fmt.Sprintf("203.0.113.%d", i))
				if fault.Is(err, fault.TooMany) {
					refused.Add(1)
				}
			})
		}
		all.Wait()
		if n := f.hash.runs.Load() - hashes; n > slowFrom-1 {
			t.Errorf("%d guesses were tried, want at most %d", n, slowFrom-1)
		}
		if refused.Load() == 0 {
			t.Error("none was refused")
		}
	})
}

// Guessing one password on many usernames from one network slows that network
// down, but not somebody known there.
func TestSprayingSlowsTheNetworkDown(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.create(clerk("known.here"))
		f.create(clerk("new.here"))
		f.mustSignIn("known.here", goodPassword, home)
		for i := range slowFromNet {
			_, _, err := f.signIn(fmt.Sprintf("guess.%d", i), wrong, home)
			wantKind(t, fmt.Sprint("guess ", i), err, fault.Unauthenticated)
		}
		_, _, err := f.signIn("new.here", goodPassword, home)
		wantKind(t, "from that network", err, fault.TooMany)
		f.mustSignIn("new.here", goodPassword, elsewhere)
		f.mustSignIn("known.here", goodPassword, home)
		f.clock.Advance(netForgets + time.Second)
		for range slowFrom - 1 {
			_, _, err := f.signIn("not a username", wrong, home)
			wantKind(t, "after an hour", err, fault.Unauthenticated)
		}
	})
}

// Guesses spread over the people of an office, and over many networks, slow
// down strangers there for half a minute at most; nobody else.
func TestSprayingAnOrganizationSlowsStrangersThere(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		const people = 30
		for i := range people {
			f.create(clerk(fmt.Sprintf("clerk.%d", i)))
		}
		other := clerk("other.office")
		other.Org = "org-lakeside"
		f.create(other)
		f.mustSignIn("clerk.0", goodPassword, home)
		for i := range slowFromOrg {
			_, _, err := f.signIn(fmt.Sprintf("clerk.%d", 1+i%(people-1)), wrong, fmt.Sprintf("203.0.%d.%d", i/250, i%250))
			wantKind(t, fmt.Sprint("guess ", i), err, fault.Unauthenticated)
		}
		_, _, err := f.signIn("clerk.1", goodPassword, elsewhere)
		wantKind(t, "a stranger at the office", err, fault.TooMany)
		f.mustSignIn("clerk.0", goodPassword, home)
		f.mustSignIn("other.office", goodPassword, elsewhere)
		f.clock.Advance(mostForOrg)
		f.mustSignIn("clerk.1", goodPassword, elsewhere)
	})
}

func TestAPlaceIsForgotten(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.create(clerk("ruth.osei"))
		f.mustSignIn("ruth.osei", goodPassword, home)
		for i := range slowFrom {
			_, _, _ = f.signIn("ruth.osei", wrong, fmt.Sprintf("203.0.113.%d", i))
		}
		f.clock.Advance(placeLasts + time.Hour)
		err := f.d.View(context.Background(), func(tx *db.Tx) error {
			c, err := find(tx, Attempt{Username: "ruth.osei", Address: home})
			if err != nil {
				return err
			}
			if len(c.counters) != 3 {
				t.Errorf("after a month the place still counts: %+v", c.counters)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestPurgeForgetsStrangersOnly(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		f.create(clerk("ruth.osei"))
		_, _, _ = f.signIn("ruth.osei", wrong, elsewhere)
		_, _, _ = f.signIn("nobody.here", wrong, elsewhere)
		before := f.count("select count(key) from account_throttle")
		f.clock.Advance(namesForgets + time.Second)
		done, err := f.Purge(ctx, access.SystemActor("account"))
		if err != nil || before != 5 || done.Counters != 4 {
			t.Errorf("%d rows, %d forgotten, %v", before, done.Counters, err)
		}
		_, err = f.Purge(ctx, admin)
		wantKind(t, "somebody else", err, fault.Forbidden)
	})
}
