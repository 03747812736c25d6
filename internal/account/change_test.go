package account

import (
	"context"
	"strings"
	"sync"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/fault"
)

func TestChangingThePassword(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref := f.create(clerk("ruth.osei"))
		here, who := f.mustSignIn("ruth.osei", goodPassword, home)
		there, _ := f.mustSignIn("ruth.osei", goodPassword, elsewhere)
		wantProblem(t, "wrong old", f.ChangePassword(ctx, who, wrong, otherPassword), "old", "not your current password")
		wantProblem(t, "too short", f.ChangePassword(ctx, who, goodPassword, "short"), "new", "too short")
		wantProblem(t, "own name", f.ChangePassword(ctx, who, goodPassword, "Riverside-Cardiology"), "new", "own name")
		wantProblem(t, "the same", f.ChangePassword(ctx, who, goodPassword, goodPassword), "new", "already have")
		wantKind(t, "nobody", f.ChangePassword(ctx, access.Actor{}, goodPassword, otherPassword), fault.Unauthenticated)
		if !f.open(here) || !f.open(there) {
			t.Error("a refused change ended a session")
		}
		wantKind(t, "good", f.ChangePassword(ctx, who, goodPassword, otherPassword), 0)
		if !f.open(here) || f.open(there) || f.draftable(there) {
			t.Error("the wrong sessions ended")
		}
		_, _, err := f.signIn("ruth.osei", goodPassword, home)
		wantKind(t, "the old password", err, fault.Unauthenticated)
		f.mustSignIn("ruth.osei", otherPassword, home)
		if got := f.kinds(ref); strings.Count(got, string(PasswordChanged)) != 1 || strings.Count(got, string(PasswordFailed)) != 1 {
			t.Error(got)
		}
	})
}

// Who finds a browser open can guess there no faster than at sign-in.
func TestGuessingTheOldPasswordSlowsDown(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		f.create(clerk("ruth.osei"))
		_, who := f.mustSignIn("ruth.osei", goodPassword, home)
		for range slowFrom {
			wantKind(t, "guess", f.ChangePassword(ctx, who, wrong, otherPassword), fault.Invalid)
		}
		wantKind(t, "the next", f.ChangePassword(ctx, who, goodPassword, otherPassword), fault.TooMany)
		f.clock.Advance(firstDelay)
		wantKind(t, "after the wait", f.ChangePassword(ctx, who, goodPassword, otherPassword), 0)
	})
}

func TestTwoChangesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		f.create(clerk("ruth.osei"))
		_, who := f.mustSignIn("ruth.osei", goodPassword, home)
		fresh := []string{"first choice of gravel umbrella", "second choice of gravel umbrella"}
		errs := make([]error, 2)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { errs[i] = f.ChangePassword(ctx, who, goodPassword, fresh[i]) })
		}
		all.Wait()
		won := 0
		for i, err := range errs {
			_, _, signIn := f.signIn("ruth.osei", fresh[i], home)
			if (err == nil) != (signIn == nil) {
				t.Errorf("change %d: %v, then signing in: %v", i, err, signIn)
			}
			if err == nil {
				won++
			}
		}
		if won != 1 {
			t.Errorf("%d changes won: %v", won, errs)
		}
	})
}

// V-06: nobody at the portal chooses another person's password.
func TestOnlyTheOperatorSetsAPassword(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref := f.create(clerk("ruth.osei"))
		token, who := f.mustSignIn("ruth.osei", goodPassword, home)
		for _, other := range []access.Actor{admin, desk, who, access.SystemActor("job"), {}} {
			wantKind(t, string(other.Person), f.SetPassword(ctx, other, ref, otherPassword), fault.Forbidden)
		}
		wantProblem(t, "rules hold", f.SetPassword(ctx, operator, ref, "password12345678"), "new", "guessed first")
		wantKind(t, "nobody there", f.SetPassword(ctx, operator, "nobody", otherPassword), fault.NotFound)
		for range shutAfter {
			_, _, _ = f.signIn("ruth.osei", wrong, elsewhere)
			f.clock.Advance(mostDelay)
		}
		wantKind(t, "operator", f.SetPassword(ctx, operator, ref, otherPassword), 0)
		if f.open(token) {
			t.Error("a session outlived its password")
		}
		f.mustSignIn("ruth.osei", otherPassword, elsewhere)
	})
}
