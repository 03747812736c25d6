package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
)

func TestSigningIn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref := f.create(clerk("Ruth.Osei"))
		f.clock.Advance(time.Second)
		token, who, err := f.SignIn(ctx, Attempt{Username: "RUTH.osei", Password: goodPassword, Address: home, Agent: "Browser\x1b[31m/1.0 " + strings.Repeat("x", 500)})
		if err != nil {
			t.Fatal(err)
		}
		if who.Person != ref || who.Username != "Ruth.Osei" || who.Org != "org-riverside" || who.Side != access.Office || !who.Has(access.SubmitRequests) ||
			who.Door != access.DoorWeb || who.Address != home || who.Session == "" || !who.LastSignIn.IsZero() {
			t.Errorf("%+v", who)
		}
		first := f.clock.Now()
		f.clock.Advance(time.Hour)
		second, who2 := f.mustSignIn("ruth.osei", goodPassword, home)
		if token == second || who.Session == who2.Session || len(token) != 43 {
			t.Error("tokens are not fresh")
		}
		if !who2.LastSignIn.Equal(first) {
			t.Errorf("last sign-in is %v, want %v", who2.LastSignIn, first)
		}
		s, err := f.Session(ctx, second, home)
		if err != nil || s.ID != who2.Session || !s.Actor.LastSignIn.Equal(first) || s.Actor.Person != ref || !s.Actor.Has(access.SubmitRequests) {
			t.Errorf("%+v, %v", s, err)
		}
		if n := f.count("select count(id) from account_session where address = '" + home + "'"); n != 2 {
			t.Errorf("%d sessions", n)
		}
		events, err := f.Events(ctx, who2, ref, 10)
		if err != nil || strings.ContainsRune(events[1].Agent, 0x1b) || len(events[1].Agent) > longestAgent || events[1].Session != who.Session {
			t.Errorf("%+v, %v", events, err)
		}
	})
}

func TestPasswordsAreNormalizedAndWhole(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		n := clerk("ruth.osei")
		n.Password = "caf\u00e9 " + strings.Repeat("lantern🦊", 9) + " xyzw." // composed; 64 characters and more
		f.create(n)
		f.mustSignIn("ruth.osei", "cafe\u0301"+strings.TrimPrefix(n.Password, "caf\u00e9"), home) // decomposed
		for _, wrong := range []string{n.Password[:len(n.Password)-1] + "!", n.Password + " ", strings.ToUpper(n.Password)} {
			_, _, err := f.signIn("ruth.osei", wrong, home)
			wantKind(t, "changed at the end", err, fault.Unauthenticated)
		}
	})
}

// V-04: every cause gives the same answer after the same work, counted in
// hashes and rows and not by a stopwatch.
func TestEveryFailureLooksAndCostsTheSame(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		f.create(clerk("ruth.osei"))
		closed := f.create(clerk("closed.one"))
		err := f.Suspend(ctx, operator, closed, "left the office")
		if err != nil {
			t.Fatal(err)
		}
		damaged := f.create(clerk("damaged.one"))
		err = f.d.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec("update account_person set password = '' where id = $1", string(damaged))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		want := errSignIn().Error()
		for i, a := range []Attempt{
			{Username: "ruth.osei", Password: "wrong password, quite long"},
			{Username: "ruth.osei"},
			{Username: "ruth.osei", Password: goodPassword + " "},
			{Username: "ruth.osei", Password: strings.Repeat("x", 1<<20)},
			{Username: "ruth.osei", Password: "\xff\xfe\x00"},
			{Username: "nobody.here", Password: goodPassword},
			{Username: "closed.one", Password: "wrong password, quite long"},
			{Username: "damaged.one", Password: goodPassword},
			{Username: "damaged.one"},
			{Username: "", Password: goodPassword},
			{Username: "' or 1=1 --", Password: goodPassword},
			{Username: strings.Repeat("x", 1<<20), Password: goodPassword},
			{Username: "\x00\xff", Password: ""},
		} {
			a.Address = fmt.Sprintf("203.0.113.%d", i)
			hashes, events := f.hash.runs.Load(), f.count("select count(id) from account_event")
			token, who, err := f.SignIn(ctx, a)
			if !fault.Is(err, fault.Unauthenticated) || err.Error() != want || token != "" || who.Person != "" {
				t.Errorf("%d: %q, %v, %v", i, token, who.Person, err)
			}
			if n := f.hash.runs.Load() - hashes; n != 1 {
				t.Errorf("%d: %d hashes", i, n)
			}
			if n := f.count("select count(id) from account_event") - events; n != 1 {
				t.Errorf("%d: %d events", i, n)
			}
		}
		// Only who knows the password learns that the account is suspended.
		hashes := f.hash.runs.Load()
		token, _, err := f.signIn("closed.one", goodPassword, home)
		if !fault.Is(err, fault.Forbidden) || !strings.Contains(err.Error(), "HelpDesk") || token != "" || f.hash.runs.Load()-hashes != 1 {
			t.Errorf("%q %v", token, err)
		}
	})
}

func TestWhatIsTypedIsNotLoggedOrStored(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		f.create(clerk("ruth.osei"))
		const planted = "planted-Secret-0815"
		for range 12 { // into the delay as well
			_, _, _ = f.signIn(planted, planted, home)
			_, _, _ = f.signIn("ruth.osei", planted, elsewhere)
		}
		f.clock.Advance(mostDelay)
		token, who := f.mustSignIn("ruth.osei", goodPassword, "203.0.113.99")
		_ = f.ChangePassword(ctx, who, planted, planted)
		_ = f.ChangePassword(ctx, who, goodPassword, "x"+planted)
		_, _ = f.Session(ctx, planted, planted)
		err := f.SignOut(ctx, who)
		if err != nil {
			t.Fatal(err)
		}
		logs := f.logs.String()
		for _, secret := range []string{planted, strings.ToLower(planted), goodPassword, token, "ruth.osei", "Ruth"} {
			if strings.Contains(logs, secret) {
				t.Errorf("the log holds %q:\n%s", secret, logs)
			}
		}
		if !strings.Contains(logs, "sign-in failed") || !strings.Contains(logs, "too many failures") {
			t.Errorf("the log lacks what happened:\n%s", logs)
		}
		for table, columns := range map[string]string{
			"account_event":    "kind || person || actor || reason || session || address || agent",
			"account_throttle": "key || person",
			"account_session":  "id || person || ended_why || address || agent",
			"account_person":   "password",
		} {
			err = f.d.View(ctx, func(tx *db.Tx) error {
				rows, err := tx.Rows("select " + columns + " from " + table)
				if err != nil {
					return err
				}
				defer rows.Close()
				for rows.Next() {
					var text string
					err = rows.Scan(&text)
					if err != nil {
						return err
					}
					if strings.Contains(strings.ToLower(text), strings.ToLower(planted)) || strings.Contains(text, token) {
						t.Errorf("%s holds what was typed: %s", table, text)
					}
				}
				return rows.Err()
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestTwoSignInsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.create(clerk("ruth.osei"))
		f.mustSignIn("ruth.osei", goodPassword, home)
		var all sync.WaitGroup
		tokens := make([]string, 4)
		for i := range tokens {
			all.Go(func() {
				var err error
				tokens[i], _, err = f.signIn("ruth.osei", goodPassword, []string{home, elsewhere}[i%2])
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		seen := map[string]bool{}
		for _, token := range tokens {
			if !f.open(token) || seen[token] {
				t.Error("a session is missing")
			}
			seen[token] = true
		}
		if n := f.count("select count(key) from account_throttle where failures > 0 and person <> ''"); n != 0 {
			t.Errorf("%d failures are left after good sign-ins", n)
		}
	})
}

// An account that is closed, or whose password changes, while the hash is
// reckoned does not open.
func TestTheAccountIsReadAgainBeforeItOpens(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref := f.create(clerk("ruth.osei"))
		for name, change := range map[string]func() error{
			"closed":  func() error { return f.Suspend(ctx, operator, ref, "suspected") },
			"changed": func() error { return f.SetPassword(ctx, operator, ref, otherPassword) },
		} {
			var c claimant
			a := Attempt{Username: "ruth.osei", Password: goodPassword, Address: home}
			err := f.d.View(ctx, func(tx *db.Tx) (err error) {
				c, err = find(tx, a)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			err = change()
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = f.admit(ctx, a, c, "")
			wantKind(t, name, err, fault.Unauthenticated)
			err = errors.Join(f.Reinstate(ctx, operator, ref, "back again"), f.SetPassword(ctx, operator, ref, goodPassword))
			if err != nil {
				t.Fatal(err)
			}
		}
		if n := f.count("select count(id) from account_session"); n != 0 {
			t.Errorf("%d sessions", n)
		}
	})
}

func TestAHashWithOldCostsIsMadeAnew(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.create(clerk("ruth.osei"))
		dearer := New(Deps{DB: f.d, Argon: Params{Memory: 16, Passes: 2, Lanes: 1}})
		for i, want := range []int64{2, 1} {
			before := dearer.hash.runs.Load()
			_, _, err := dearer.SignIn(context.Background(), Attempt{Username: "ruth.osei", Password: goodPassword, Address: home})
			if err != nil {
				t.Fatal(err)
			}
			if n := dearer.hash.runs.Load() - before; n != want {
				t.Errorf("sign-in %d: %d hashes, want %d", i, n, want)
			}
		}
	})
}

func TestSignInWithoutADatabase(t *testing.T) {
	clock := dbtest.NewClock()
	d := dbtest.SQLite(t, clock.Now)
	s := New(Deps{DB: d, Argon: cheap()})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err := s.SignIn(ctx, Attempt{Username: "ruth.osei", Password: goodPassword})
	wantKind(t, "cancelled", err, fault.Unavailable)
	_, err = s.Session(ctx, newToken(), home)
	wantKind(t, "session, cancelled", err, fault.Unavailable)
}
