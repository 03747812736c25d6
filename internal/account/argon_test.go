package account

import (
	"context"
	"strings"
	"sync"
	"testing"

	"hsconnect/internal/fault"
)

// I-09: the costs of a real installation.
func TestDefaultCosts(t *testing.T) {
	h := newHasher(Params{})
	text, err := h.make(context.Background(), goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(text, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Error(text)
	}
	got, err := parseHash(text)
	if err != nil || len(got.salt) != 16 || len(got.sum) != 32 {
		t.Errorf("%+v, %v", got, err)
	}
	if n := cap(h.slots); n < 2 || n > 16 {
		t.Errorf("%d hashes at once", n)
	}
}

func TestAHashOpensWithItsPasswordOnly(t *testing.T) {
	ctx := context.Background()
	h := newHasher(cheap())
	first, err := h.make(ctx, goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	second, err := h.make(ctx, goodPassword)
	if err != nil || first == second {
		t.Errorf("the same hash twice: no salt; %v", err)
	}
	for password, want := range map[string]bool{
		goodPassword: true, goodPassword + " ": false, " " + goodPassword: false, strings.ToUpper(goodPassword): false, "": false,
		goodPassword[:len(goodPassword)-1]: false,
	} {
		good, stale, err := h.match(ctx, first, password)
		if err != nil || good != want || stale {
			t.Errorf("%q: %v, stale %v, %v", password, good, stale, err)
		}
	}
	_, stale, err := newHasher(Params{Memory: 16, Passes: 1}).match(ctx, first, goodPassword)
	if err != nil || !stale {
		t.Errorf("other costs are not stale: %v", err)
	}
}

func TestADamagedHashCostsAsMuchAndOpensNothing(t *testing.T) {
	ctx := context.Background()
	h := newHasher(cheap())
	good, err := h.make(ctx, goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"", "x", "$argon2id$", strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "m=8", "m=4294967295", 1), strings.Replace(good, "m=8", "m=0", 1), strings.Replace(good, "t=1", "t=0", 1),
		strings.Replace(good, "p=1", "p=0", 1), strings.Replace(good, "t=1", "t=99999", 1), good + "$", good[:len(good)-4], good + "!",
	} {
		before := h.runs.Load()
		matched, _, err := h.match(ctx, text, goodPassword)
		if err != nil || matched {
			t.Errorf("%q: %v, %v", text, matched, err)
		}
		if n := h.runs.Load() - before; n != 1 {
			t.Errorf("%q: %d hashes", text, n)
		}
	}
}

func TestHashesAreBoundedAndWaitingCanEnd(t *testing.T) {
	p := cheap()
	p.Parallel = 2
	h := newHasher(p)
	h.slots <- struct{}{}
	h.slots <- struct{}{}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := h.make(ctx, goodPassword)
	wantKind(t, "all slots taken", err, fault.Unavailable)
	if h.runs.Load() != 0 {
		t.Error("a third hash was reckoned")
	}
	<-h.slots
	_, err = h.make(context.Background(), goodPassword)
	if err != nil {
		t.Error(err)
	}
	if len(h.slots) != 1 {
		t.Error("a slot was not given back")
	}
}

func FuzzParseHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA")
	f.Add("$argon2id$v=19$m=8,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseHash(text)
		if err == nil && (len(s.salt) == 0 || len(s.sum) != sumLength || s.params.Memory > mostMemory || s.params.Memory == 0) {
			t.Errorf("%q is taken as %+v", text, s)
		}
	})
}

// Strangers hold half of the slots at most, and a bounded number of them
// waits; whoever is known at her place goes on beside them.
func TestStrangersLeaveRoomForTheKnown(t *testing.T) {
	h := newHasher(Params{Memory: 8, Passes: 1, Lanes: 1, Parallel: 4})
	var leaves []func()
	for range 2 {
		leave, err := h.admit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, leave)
	}
	late, cancel := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	errs := make(chan error, 200)
	for range 200 {
		waiting.Go(func() {
			_, err := h.admit(late)
			errs <- err
		})
	}
	refused := 0
	for range 200 - 2*mostWaiting {
		err := <-errs
		if !fault.Is(err, fault.TooMany) {
			t.Fatalf("a stranger too many: %v", err)
		}
		refused++
	}
	_, _, err := h.match(t.Context(), "", "anything") // somebody known
	if err != nil || refused != 72 {
		t.Errorf("%v, %d refused", err, refused)
	}
	cancel()
	waiting.Wait()
	close(errs)
	for err := range errs {
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("a stranger who went away: %v", err)
		}
	}
	for _, leave := range leaves {
		leave()
	}
	leave, err := h.admit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	leave()
}
