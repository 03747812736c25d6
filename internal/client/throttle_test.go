package client_test

import (
	"strconv"
	"testing"
	"time"

	"hsconnect/internal/client"
	"hsconnect/internal/fault"
)

func TestOneAnswerForEverythingThatIsNotRight(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		key := f.register()
		suspended, err := f.Register(f.ctx(), f.hilda, "Billing", "viewer")
		must(t, err)
		must(t, f.Suspend(f.ctx(), f.petra, suspended.ID, "because"))
		text := ""
		for what, k := range map[string]client.Key{
			"a wrong secret": {ID: key.ID, Secret: suspended.Secret}, "no secret": {ID: key.ID}, "an unknown program": {ID: "01jdbq3h6m2t9v8x7c5b4a3z21", Secret: key.Secret},
			"a made-up id": {ID: "' or 1=1 --", Secret: key.Secret}, "nothing": {}, "a suspended program": suspended,
		} {
			_, err := f.Token(f.ctx(), string(k.ID), k.Secret, here)
			wantKind(t, what, err, fault.Unauthenticated)
			if text == "" {
				text = fault.Text(err)
			}
			if fault.Text(err) != text {
				t.Errorf("%s: %v", what, err)
			}
		}
		f.token(key)
	})
}

func TestWhoKeepsFailingWaitsAMinuteAtMost(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		key := f.register()
		for _, target := range []string{string(key.ID), "01jdbq3h6m2t9v8x7c5b4a3z21"} {
			for i := range 10 {
				_, err := f.Token(f.ctx(), target, "wrong", "203.0.113."+strconv.Itoa(i))
				wantKind(t, "failing", err, fault.Unauthenticated)
			}
			for range 12 {
				_, err := f.Token(f.ctx(), target, "wrong", "203.0.113.99")
				wantKind(t, "at once", err, fault.TooMany)
				f.clock.Advance(time.Minute)
				_, err = f.Token(f.ctx(), target, "wrong", "203.0.113.99")
				wantKind(t, "a minute later", err, fault.Unauthenticated)
			}
		}
		f.clock.Advance(time.Minute)
		f.token(key) // the right secret starts the count over
		f.token(key)
	})
}

// Where a program works, no stranger holds it up at all.
func TestStrangersSlowDownStrangers(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		key := f.register()
		f.token(key)
		for range 10 {
			_, err := f.Token(f.ctx(), string(key.ID), "wrong", there)
			wantKind(t, "failing", err, fault.Unauthenticated)
		}
		_, err := f.Token(f.ctx(), string(key.ID), key.Secret, there)
		wantKind(t, "from there", err, fault.TooMany)
		f.token(key)
	})
}

func TestOneNetworkIsSlowedForEveryProgram(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		key := f.register()
		for i := range 50 {
			_, err := f.Token(f.ctx(), "made-up-"+strconv.Itoa(i), "wrong", "2001:db8::"+strconv.Itoa(i))
			wantKind(t, "failing", err, fault.Unauthenticated)
		}
		_, err := f.Token(f.ctx(), string(key.ID), key.Secret, "2001:db8::ffff")
		wantKind(t, "the same network", err, fault.TooMany)
		f.token(key)
		f.clock.Advance(2 * time.Hour)
		_, err = f.Token(f.ctx(), string(key.ID), key.Secret, "2001:db8::ffff")
		must(t, err)
		if n := f.count("select count(*) from client_throttle where key like $1", "client/%"); n != 0 {
			t.Errorf("%d old counts are kept", n)
		}
	})
}

func TestAProgramHoldsNotTooManyTokens(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		key := f.register()
		for range 100 {
			f.token(key)
		}
		_, err := f.Token(f.ctx(), string(key.ID), key.Secret, here)
		wantKind(t, "one more", err, fault.TooMany)
		f.clock.Advance(client.TokenLasts)
		f.token(key)
	})
}

// One program that signs in does not forget what others of its network tried.
func TestASuccessDoesNotForgetTheNetworksFailures(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		key := f.register()
		try := func(i int) error {
			_, err := f.Token(f.ctx(), "made-up-"+strconv.Itoa(i), "wrong", here)
			return err
		}
		for i := range 48 {
			wantKind(t, "failing", try(i), fault.Unauthenticated)
		}
		f.token(key)
		wantKind(t, "49", try(49), fault.Unauthenticated)
		wantKind(t, "50", try(50), fault.Unauthenticated)
		wantKind(t, "one too many", try(51), fault.TooMany)
		f.token(key)
	})
}
