package account

import (
	"context"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/factor"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// withFactors is each with second factors.
func withFactors(t *testing.T, fn func(t *testing.T, f *fixture)) {
	t.Helper()
	keys, err := factor.LoadOrMakeKeys(filepath.Join(t.TempDir(), "account.keys"))
	if err != nil {
		t.Fatal(err)
	}
	factors, err := factor.New(factor.Deps{Seal: keys, Site: "https://portal.example.org", Name: "Sample"})
	if err != nil {
		t.Fatal(err)
	}
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		f := &fixture{t: t, d: d, clock: clock, logs: &safeBuffer{}}
		f.Service = New(Deps{DB: d, Argon: cheap(), Factors: factors})
		fn(t, f)
	})
}

// enrolled makes an account with an app and codes.
func (f *fixture) enrolled(username string) (id.Person, Enrolled) {
	f.t.Helper()
	ref := f.create(clerk(username))
	e, err := f.Enroll(context.Background(), operator, ref)
	if err != nil {
		f.t.Fatal(err)
	}
	return ref, e
}

func (f *fixture) code(secret string) string {
	f.t.Helper()
	code, err := factor.TOTP(secret, f.clock.Now())
	if err != nil {
		f.t.Fatal(err)
	}
	return code
}

// firstStep gives the token of a session that gave a password only.
func (f *fixture) firstStep(username string) (string, access.Actor) {
	f.t.Helper()
	f.clock.Advance(31 * time.Second)
	token, who, err := f.signIn(username, goodPassword, home)
	if err != nil {
		f.t.Fatal(err)
	}
	return token, who
}

func (f *fixture) session(token string) Session {
	f.t.Helper()
	s, err := f.Session(context.Background(), token, home)
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

func TestTheSecondFactorOpensAndRenewsTheToken(t *testing.T) {
	withFactors(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref, e := f.enrolled("ruth.osei")
		for _, typed := range []string{"app", "recovery"} {
			token, _ := f.firstStep("ruth.osei")
			if f.session(token).Proven || f.draftable(token) {
				t.Fatal("a password alone is a proof")
			}
			code := e.Codes[0]
			if typed == "app" {
				code = f.code(e.Secret)
			}
			f.clock.Advance(time.Millisecond) // so that events have an order
			fresh, err := f.ProveCode(ctx, token, code)
			if err != nil || fresh == token || f.open(token) {
				t.Fatalf("%s: %v, the old token opens: %v", typed, err, f.open(token))
			}
			if s := f.session(fresh); !s.Proven || !s.Strong.Equal(f.clock.Now()) {
				t.Errorf("%s: %+v", typed, s)
			}
			again, _ := f.firstStep("ruth.osei")
			if typed == "recovery" { // the app's code is out of its time by now
				_, err = f.ProveCode(ctx, again, code)
				wantKind(t, typed+" a second time", err, fault.Unauthenticated)
			}
		}
		if got := f.kinds(ref); !strings.Contains(got, "signed in | second factor proven") || !strings.Contains(got, "recovery code used") {
			t.Error(got)
		}
	})
}

// V-05: of two that send the same code at once, one gets in.
func TestACodeOpensOnceAlsoAtOnce(t *testing.T) {
	withFactors(t, func(t *testing.T, f *fixture) {
		_, e := f.enrolled("ruth.osei")
		tokens := make([]string, 3)
		for i := range tokens {
			tokens[i], _ = f.firstStep("ruth.osei")
		}
		code := f.code(e.Secret)
		var all sync.WaitGroup
		errs := make([]error, len(tokens))
		for i := range tokens {
			all.Go(func() { _, errs[i] = f.ProveCode(context.Background(), tokens[i], code) })
		}
		all.Wait()
		in := 0
		for _, err := range errs {
			if err == nil {
				in++
			} else if !fault.Is(err, fault.Unauthenticated) {
				t.Error(err)
			}
		}
		if in != 1 {
			t.Errorf("%d got in with one code", in)
		}
	})
}

func TestGuessingASecondFactorSlowsAndStops(t *testing.T) {
	withFactors(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		_, e := f.enrolled("ruth.osei")
		token, _ := f.firstStep("ruth.osei")
		refused, guessed := 0, 0
		for refused < 3 && guessed < 50 {
			_, err := f.ProveCode(ctx, token, "ABCD-EFGH-JKMN-PQRS")
			switch {
			case fault.Is(err, fault.TooMany):
				refused++
			case fault.Is(err, fault.Unauthenticated):
				guessed++
			default:
				t.Fatal(err)
			}
		}
		if guessed > slowFrom {
			t.Errorf("%d guesses before the first delay", guessed)
		}
		// The right one has to wait as well, and then works.
		_, err := f.ProveCode(ctx, token, f.code(e.Secret))
		wantKind(t, "the right code too early", err, fault.TooMany)
		f.clock.Advance(mostDelay - time.Minute)
		again, _ := f.firstStep("ruth.osei")
		_, err = f.ProveCode(ctx, again, f.code(e.Secret))
		wantKind(t, "the right code later", err, 0)
	})
}

func TestTheFirstFactorComesWithRecoveryCodes(t *testing.T) {
	withFactors(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		f.create(clerk("ruth.osei"))
		token, who := f.firstStep("ruth.osei")
		setup, err := f.SetUpTOTP(ctx, who)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.ConfirmTOTP(ctx, who, token, "000000")
		wantProblem(t, "a wrong code", err, "code", "newest code")
		added, err := f.ConfirmTOTP(ctx, who, token, f.code(setup.Secret))
		if err != nil || len(added.Codes) != 10 || !f.session(added.Token).Proven || f.open(token) {
			t.Fatalf("%d codes, %v", len(added.Codes), err)
		}
		// With a factor there, an unproven session sets up nothing.
		other, intruder := f.firstStep("ruth.osei")
		_, err = f.SetUpTOTP(ctx, intruder)
		wantKind(t, "setting up an app", err, fault.Forbidden)
		_, _, err = f.BeginPasskey(ctx, intruder)
		wantKind(t, "adding a passkey", err, fault.Forbidden)
		_, err = f.NewCodes(ctx, intruder)
		wantKind(t, "new codes", err, fault.Forbidden)
		_, err = f.ConfirmTOTP(ctx, intruder, other, "000000")
		wantKind(t, "confirming an app", err, fault.Forbidden)
		wantKind(t, "removing the app", f.RemoveTOTP(ctx, intruder), fault.Forbidden)
	})
}

func TestWhatChangesFactorsAsksForAFreshProof(t *testing.T) {
	withFactors(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref, e := f.enrolled("ruth.osei")
		token, who := f.firstStep("ruth.osei")
		token, err := f.ProveCode(ctx, token, f.code(e.Secret))
		if err != nil {
			t.Fatal(err)
		}
		wantKind(t, "the last factor", f.RemoveTOTP(ctx, who), fault.Conflict)
		f.clock.Advance(StrongFor)
		_, err = f.NewCodes(ctx, who)
		wantKind(t, "within ten minutes", err, 0)
		f.clock.Advance(time.Second)
		_, err = f.NewCodes(ctx, who)
		wantKind(t, "after ten minutes", err, fault.Forbidden)
		for _, wrong := range []string{"000000", e.Codes[3]} { // those codes were replaced
			_, err = f.ProveCode(ctx, token, wrong)
			wantKind(t, "a wrong proof", err, fault.Unauthenticated)
		}
		old := token
		token, err = f.ProveCode(ctx, token, f.code(e.Secret))
		if err != nil || f.open(old) {
			t.Fatalf("a proof: %v", err)
		}
		codes, err := f.NewCodes(ctx, who)
		if err != nil || len(codes) != 10 || !f.session(token).Strong.Equal(f.clock.Now()) {
			t.Errorf("%d codes, %v", len(codes), err)
		}
		_, err = f.ProveCode(ctx, old, "000000")
		wantKind(t, "the token before", err, fault.Unauthenticated)
		if got := f.kinds(ref); !strings.Contains(got, string(StrongProof)) || !strings.Contains(got, string(CodesMade)) {
			t.Error(got)
		}
	})
}

func TestStaffResetFactorsAndSeeNone(t *testing.T) {
	withFactors(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref, e := f.enrolled("ruth.osei")
		token, who := f.firstStep("ruth.osei")
		token, err := f.ProveCode(ctx, token, f.code(e.Secret))
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.Enroll(ctx, desk, ref)
		wantKind(t, "the HelpDesk enrolls", err, fault.Forbidden)
		wantKind(t, "a colleague resets", f.ResetFactors(ctx, who, ref, "lost phone"), fault.Forbidden)
		wantProblem(t, "no reason", f.ResetFactors(ctx, desk, ref, ""), "reason", "reason")
		wantKind(t, "the HelpDesk resets", f.ResetFactors(ctx, desk, ref, "lost phone, recognized by call back"), 0)
		if f.open(token) {
			t.Error("a session outlives the reset")
		}
		after, who := f.firstStep("ruth.osei")
		_, err = f.ProveCode(ctx, after, f.code(e.Secret))
		wantKind(t, "the old app", err, fault.Unauthenticated)
		st, err := f.Factors(ctx, who)
		if err != nil || st.Any() || st.Codes != 0 {
			t.Errorf("%+v %v", st, err)
		}
	})
}

// mailed gives the link of the newest message that waits to be sent.
func (f *fixture) mailed() (kind, link string) {
	f.t.Helper()
	var payload []byte
	err := f.update(func(tx *db.Tx) error {
		return tx.Row("select payload from job where kind = 'mail.send' order by at_us desc, id desc limit 1").Scan(&payload)
	})
	if err != nil {
		f.t.Fatal(err)
	}
	var m struct{ Kind, Link string }
	err = json.Unmarshal(payload, &m)
	if err != nil {
		f.t.Fatal(err)
	}
	return m.Kind, m.Link
}

func (f *fixture) mails() int { return f.count("select count(*) from job where kind = 'mail.send'") }

func linkTo(token string) string { return "https://portal.example.org/forgot/" + token }

func TestAForgottenPasswordComesBackOnce(t *testing.T) {
	withFactors(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref, e := f.enrolled("ruth.osei")
		token, _ := f.mustSignIn("ruth.osei", goodPassword, home)
		for name, typed := range map[string][2]string{
			"another address": {"ruth.osei", "mallory@example.org"}, "no account": {"nobody.here", "ruth@riverside.example"}, "nothing": {"", ""},
			"a hostile one": {"ruth.osei", "ruth@riverside.example\r\nBcc: x@example.org"},
		} {
			before, events := f.mails(), f.count("select count(*) from account_event")
			err := f.Forgot(ctx, typed[0], typed[1], home, linkTo)
			if err != nil || f.mails() != before || f.count("select count(*) from account_event") != events+1 {
				t.Errorf("%s: %v, %d mails", name, err, f.mails()-before)
			}
		}
		err := f.Forgot(ctx, "Ruth.Osei", " RUTH@riverside.example ", home, linkTo)
		if err != nil {
			t.Fatal(err)
		}
		kind, link := f.mailed()
		secret := strings.TrimPrefix(link, linkTo(""))
		if kind != "password reset" || !regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(secret) {
			t.Fatalf("%s %q", kind, link)
		}
		if !f.open(token) {
			t.Error("asking for a link ended a session")
		}
		ask, err := f.ResetFor(ctx, secret)
		if err != nil || !ask {
			t.Fatalf("%v %v", ask, err)
		}
		wantProblem(t, "a short password", f.Reset(ctx, secret, "short", f.code(e.Secret)), "new", "too short")
		wantProblem(t, "no code", f.Reset(ctx, secret, otherPassword, ""), "code", "newest code")
		f.clock.Advance(31 * time.Second)
		wantKind(t, "all right", f.Reset(ctx, secret, otherPassword, f.code(e.Secret)), 0)
		if f.open(token) {
			t.Error("a session outlives the reset")
		}
		wantKind(t, "a second time", f.Reset(ctx, secret, otherPassword, e.Codes[0]), fault.NotFound)
		_, err = f.ResetFor(ctx, secret)
		wantKind(t, "opened again", err, fault.NotFound)
		for _, bad := range []string{"", "x", strings.Repeat("A", 43), secret + "A"} {
			wantKind(t, "a guessed link", f.Reset(ctx, bad, otherPassword, e.Codes[0]), fault.NotFound)
		}
		f.mustSignIn("ruth.osei", otherPassword, home)
		if got := f.kinds(ref); !strings.Contains(got, string(ResetAsked)) || !strings.Contains(got, string(PasswordChanged)) {
			t.Error(got)
		}
	})
}

func TestALinkIsLateAfterAnHourAndFewAreSent(t *testing.T) {
	withFactors(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		_, e := f.enrolled("ruth.osei")
		for range 6 {
			err := f.Forgot(ctx, "ruth.osei", "ruth@riverside.example", home, linkTo)
			if err != nil {
				t.Fatal(err)
			}
		}
		if n := f.mails(); n != linksAtOnce {
			t.Errorf("%d links at once", n)
		}
		_, link := f.mailed()
		secret := strings.TrimPrefix(link, linkTo(""))
		f.clock.Advance(resetLasts)
		wantKind(t, "after an hour", f.Reset(ctx, secret, otherPassword, f.code(e.Secret)), fault.NotFound)
		if f.count("select count(*) from account_link where used_us > 0") != 0 {
			t.Error("a late link was used up")
		}
	})
}

// Non-use ends with a proof of oneself: the link and the second factor.
func TestProvingOneselfAgainEndsNonUse(t *testing.T) {
	withFactors(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		for cause, want := range map[Cause]State{OfNonUse: Active, OnSuspicion: Suspended, ByStaff: Suspended} {
			username := "ruth." + strings.ReplaceAll(string(cause), "-", ".")
			ref, e := f.enrolled(username)
			err := f.update(func(tx *db.Tx) error { return Suspend(tx, watcher, ref, cause, "for the test") })
			if err != nil {
				t.Fatal(err)
			}
			before := f.mails()
			err = f.Forgot(ctx, username, "ruth@riverside.example", home, linkTo)
			if err != nil {
				t.Fatal(err)
			}
			if want == Suspended {
				if f.mails() != before {
					t.Errorf("%s: a link was sent", cause)
				}
				continue
			}
			_, link := f.mailed()
			f.clock.Advance(31 * time.Second)
			err = f.Reset(ctx, strings.TrimPrefix(link, linkTo("")), otherPassword, f.code(e.Secret))
			if err != nil || f.person(ref).State != want {
				t.Errorf("%s: %v, %s", cause, err, f.person(ref).State)
			}
			f.mustSignIn(username, otherPassword, home)
		}
	})
}

// V-06: staff start a reset, and no answer of theirs holds the link.
func TestStaffStartAReset(t *testing.T) {
	withFactors(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref, _ := f.enrolled("ruth.osei")
		wantKind(t, "the HelpDesk", f.StartReset(ctx, desk, ref, "asked by phone", linkTo), 0)
		wantKind(t, "a privacy officer", f.StartReset(ctx, privacy, ref, "asked by phone", linkTo), fault.Forbidden)
		wantProblem(t, "no reason", f.StartReset(ctx, desk, ref, " ", linkTo), "reason", "reason")
		n := clerk("no.mail")
		n.Email = ""
		wantKind(t, "without an address", f.StartReset(ctx, desk, f.create(n), "asked by phone", linkTo), fault.Conflict)
		if kind, _ := f.mailed(); kind != "password reset" {
			t.Error(kind)
		}
	})
}

// An organization's identity provider answers for that organization alone.
func TestAProviderOpensItsOwnOrganizationOnly(t *testing.T) {
	withFactors(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref, e := f.enrolled("billing.firm")
		err := f.update(func(tx *db.Tx) error {
			return Give(tx, relations, ref, "org-lakeside", "Lakeside", "34-5678912", Grant{Roles: []access.Role{access.Viewer}}, "")
		})
		if err != nil {
			t.Fatal(err)
		}
		a := Attempt{Address: home, Agent: "test"}
		_, _, err = f.SignInProvider(ctx, a, ref, "org-elsewhere", true)
		wantKind(t, "an organization not hers", err, fault.Forbidden)
		token, who, err := f.SignInProvider(ctx, a, ref, "org-lakeside", true)
		if err != nil || who.Org != "org-lakeside" || !f.session(token).Proven {
			t.Fatalf("%+v %v", who, err)
		}
		wantKind(t, "acting for another", f.ActFor(ctx, who, "org-riverside"), fault.Forbidden)
		token, who, err = f.SignInProvider(ctx, a, ref, "org-lakeside", false)
		if err != nil || f.session(token).Proven {
			t.Fatalf("the provider's word is a second factor: %v", err)
		}
		_, err = f.ProveCode(ctx, token, f.code(e.Secret))
		wantKind(t, "her own factor", err, 0)
		wantKind(t, "acting for another then", f.ActFor(ctx, who, "org-riverside"), 0)
		err = f.update(func(tx *db.Tx) error { return Suspend(tx, watcher, ref, OnSuspicion, "two places") })
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = f.SignInProvider(ctx, a, ref, "org-lakeside", true)
		wantKind(t, "suspended", err, fault.Forbidden)
	})
}
