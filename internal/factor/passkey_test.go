package factor

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

func TestPasskeyOptions(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		name := "Zoë \u202e<b>Müller</b> 李 👩🏽‍⚕️ " + strings.Repeat("x", 200)
		var raw []byte
		f.must(func(tx *db.Tx) (err error) {
			raw, _, err = f.BeginPasskey(tx, ruth, "zoë", name)
			return err
		})
		o, err := virtualwebauthn.ParseAttestationOptions(string(raw))
		if err != nil {
			t.Fatal(err)
		}
		if len(o.Challenge) < 16 || o.RelyingPartyID != "portal.example.org" || o.UserID != string(ruth) || o.UserName != "zoë" {
			t.Errorf("options are %s", raw)
		}
		if !strings.HasPrefix(o.UserDisplayName, "Zoë <b>Müller</b> 李 👩🏽‍⚕️ x") || len([]rune(o.UserDisplayName)) > longestName {
			t.Errorf("the name is %q", o.UserDisplayName)
		}
		var two [2]string
		for i := range two {
			options, _ := f.beginPasskey(ruth)
			o, err := virtualwebauthn.ParseAttestationOptions(string(options))
			if err != nil {
				t.Fatal(err)
			}
			two[i] = string(o.Challenge)
		}
		if two[0] == two[1] {
			t.Error("two ceremonies have the same challenge")
		}
	})
}

func TestPasskeyRegisterAndSignIn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		with, without := newDevice(ruth, true), newDevice(ruth, false)
		if f.state(ruth).Any() {
			t.Error("there is a factor before any")
		}
		f.register(ruth, with)
		f.clock.Advance(time.Minute)
		f.register(ruth, without)
		st := f.state(ruth)
		if len(st.Passkeys) != 2 || !st.Any() || !st.Passkeys[0].Verifies || st.Passkeys[1].Verifies || !st.Passkeys[0].Used.IsZero() || st.Passkeys[0].Label != "Desk key" {
			t.Fatalf("state %+v", st)
		}
		options, _ := f.beginPasskey(ruth)
		o, err := virtualwebauthn.ParseAttestationOptions(string(options))
		if err != nil || !with.key.IsExcludedForAttestation(*o) || !without.key.IsExcludedForAttestation(*o) {
			t.Error("a device that is here already is asked again", err)
		}
		for i, v := range []*device{with, without} {
			f.clock.Advance(time.Minute)
			c, err := f.signIn(ruth, v)
			if err != nil || c.Person != ruth || c.Passkey != st.Passkeys[i].ID || c.Verified != (i == 0) {
				t.Errorf("device %d: %+v %v", i, c, err)
			}
		}
		if used := f.state(ruth).Passkeys[1].Used; !used.Equal(f.clock.Now()) {
			t.Errorf("used at %v", used)
		}
	})
}

func TestPasskeyAlone(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		with, without := newDevice(ruth, true), newDevice(ruth, false)
		f.register(ruth, with)
		f.register(ruth, without)
		f.register(omar, newDevice(omar, true))
		options, _ := f.beginCheck("")
		if !strings.Contains(string(options), `"userVerification":"required"`) || strings.Contains(string(options), "allowCredentials") {
			t.Errorf("options are %s", options)
		}
		c, err := f.signIn("", with)
		if err != nil || c.Person != ruth || !c.Verified {
			t.Errorf("%+v %v", c, err)
		}
		_, err = f.signIn("", without)
		wantRefused(t, "without verification", err, errAnswer)
		without.auth.Options.UserNotVerified = false // its finder gave it a PIN
		_, err = f.signIn("", without)
		wantRefused(t, "verified later only", err, errUnverified)
		c, err = f.signIn(ruth, without)
		if err != nil || c.Verified {
			t.Errorf("beside a password: %+v %v", c, err)
		}
		nobody := *with
		nobody.auth.Options.UserHandle = nil
		_, err = f.signIn("", &nobody)
		wantRefused(t, "without a user handle", err, errAnswer)
		nobody.auth.Options.UserHandle = []byte(strings.Repeat("x", 5000))
		_, err = f.signIn("", &nobody)
		wantRefused(t, "with a long user handle", err, errAnswer)
		nobody.auth.Options.UserHandle = []byte(omar)
		_, err = f.signIn("", &nobody)
		wantRefused(t, "in somebody else's name", err, errAnswer)
	})
}

func TestPasskeyRefused(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		v := newDevice(ruth, true)
		f.register(ruth, v)
		theirs := newDevice(omar, true)
		f.register(omar, theirs)
		cases := []struct {
			what   string
			change func(*device)
		}{
			{"another origin", func(d *device) { d.rp.Origin = "https://portal.example.org.evil.example" }},
			{"without https", func(d *device) { d.rp.Origin = "http://portal.example.org" }},
			{"another port", func(d *device) { d.rp.Origin = site + ":8443" }},
			{"a sister site", func(d *device) { d.rp.Origin = "https://other.example.org" }},
			{"another rp id", func(d *device) { d.rp.ID = "evil.example" }},
			{"the parent's rp id", func(d *device) { d.rp.ID = "example.org" }},
			{"nobody present", func(d *device) { d.auth.Options.UserNotPresent = true }},
			{"an unknown key", func(d *device) { d.key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2) }},
			{"another key under the id", func(d *device) { d.key.Key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2).Key }},
			{"another person's passkey", func(d *device) { *d = *theirs }},
			{"another person's passkey in her name", func(d *device) { d.key = theirs.key }},
			{"backup flag changed", func(d *device) { d.auth.Options.BackupEligible = true }},
		}
		for _, c := range cases {
			bad := *v
			bad.key.Counter += 100
			c.change(&bad)
			_, err := f.signIn(ruth, &bad)
			wantRefused(t, c.what, err, errAnswer)
		}
		_, err := f.signIn(ruth, v)
		if err != nil {
			t.Error("the real one afterwards:", err)
		}
		for what, origin := range map[string]string{"origin": "https://evil.example", "rp id": site} {
			bad := newDevice(ruth, true)
			bad.rp.Origin = origin
			if what == "rp id" {
				bad.rp.ID = "evil.example"
			}
			options, token := f.beginPasskey(ruth)
			err := f.finishPasskey(ruth, token, bad.create(t, options), "x")
			wantKind(t, "registered from another "+what, err, fault.Invalid)
		}
		if len(f.state(ruth).Passkeys) != 1 {
			t.Error("a refused passkey is here")
		}
	})
}

func TestPasskeyCeremonyOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		v := newDevice(ruth, true)
		options, token := f.beginPasskey(ruth)
		answer := v.create(t, options)
		wantKind(t, "by another person", f.finishPasskey(omar, token, answer, "x"), fault.Invalid)
		wantKind(t, "used up by it", f.finishPasskey(ruth, token, answer, "x"), fault.Invalid)
		f.register(ruth, v)

		options, token = f.beginCheck(ruth)
		answer = v.get(t, options)
		_, err := f.finishCheck(token, answer)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.finishCheck(token, answer)
		wantRefused(t, "again", err, errNoCeremony)
		_, other := f.beginCheck(ruth)
		_, err = f.finishCheck(other, answer)
		wantRefused(t, "an old answer to a new question", err, errAnswer)
		_, err = f.finishCheck(other, answer)
		wantRefused(t, "a question once refused", err, errNoCeremony)

		for what, after := range map[string]time.Duration{"in time": ceremonyLasts - time.Microsecond, "late": ceremonyLasts} {
			options, token = f.beginCheck(ruth)
			f.clock.Advance(after)
			_, err = f.finishCheck(token, v.get(t, options))
			if what == "late" {
				wantRefused(t, what, err, errLate)
			} else if err != nil {
				t.Error(what, err)
			}
		}
		options, token = f.beginPasskey(ruth)
		f.clock.Advance(ceremonyLasts)
		wantKind(t, "registered late", f.finishPasskey(ruth, token, newDevice(ruth, true).create(t, options), "x"), fault.Invalid)

		_, token = f.beginPasskey(ruth)
		options, _ = f.beginCheck(ruth)
		_, err = f.finishCheck(token, v.get(t, options))
		wantRefused(t, "a ceremony of another purpose", err, errNoCeremony)
		for _, bad := range []string{"", "x", strings.Repeat("A", 43), strings.Repeat("'", 43), "\x00"} {
			_, err = f.finishCheck(bad, answer)
			wantRefused(t, fmt.Sprintf("ceremony %q", bad), err, errNoCeremony)
		}
	})
}

func TestPasskeyTwoAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		v := newDevice(ruth, true)
		f.register(ruth, v)
		options, token := f.beginCheck(ruth)
		answer := v.get(t, options)
		errs := make(chan error, 6)
		for range cap(errs) {
			go func() { _, err := f.finishCheck(token, answer); errs <- err }()
		}
		good := 0
		for range cap(errs) {
			err := <-errs
			if err == nil {
				good++
				continue
			}
			wantRefused(t, "the slower", err, errNoCeremony)
		}
		if good != 1 {
			t.Errorf("%d got in with one answer", good)
		}
	})
}

func TestPasskeyClonedCounter(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		v := newDevice(ruth, true)
		v.key.Counter = 10
		f.register(ruth, v)
		clone := *v
		_, err := f.signIn(ruth, v)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.signIn(ruth, &clone) // says 11, as the real one did
		wantRefused(t, "a clone", err, errCloned)
		clone.key.Counter = 0xffffffff // counts on to zero
		_, err = f.signIn(ruth, &clone)
		wantRefused(t, "a counter that fell to zero", err, errCloned)
		_, err = f.signIn(ruth, v)
		if err != nil {
			t.Error("the real one afterwards:", err)
		}
		synced := newDevice(ruth, true) // such keys never count
		f.register(ruth, synced)
		for range 2 {
			synced.key.Counter = 0xffffffff
			_, err = f.signIn(ruth, synced)
			if err != nil {
				t.Error("a key that does not count:", err)
			}
		}
	})
}

func TestPasskeyHostileAnswers(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		v := newDevice(ruth, true)
		f.register(ruth, v)
		options, _ := f.beginCheck(ruth)
		good := v.get(t, options)
		var fields map[string]any
		err := json.Unmarshal(good, &fields)
		if err != nil {
			t.Fatal(err)
		}
		bad := [][]byte{nil, {}, []byte("null"), []byte("[]"), []byte("{}"), []byte(`{"id":1}`), []byte("\xff\xfe"), good[:len(good)/2],
			append([]byte(`{"id":"`), make([]byte, 1<<20)...), []byte(strings.Repeat("[", 60000))}
		for field := range fields {
			for _, value := range []any{nil, "", "!!!!", 7, map[string]any{}} {
				changed := map[string]any{}
				for k, old := range fields {
					changed[k] = old
				}
				changed[field] = value
				raw, err := json.Marshal(changed)
				if err != nil {
					t.Fatal(err)
				}
				bad = append(bad, raw)
			}
		}
		for _, answer := range bad {
			_, token := f.beginCheck("")
			_, err := f.finishCheck(token, answer)
			wantRefused(t, fmt.Sprintf("%.60q", answer), err, errAnswer)
			_, token = f.beginPasskey(ruth)
			wantKind(t, fmt.Sprintf("registering %.60q", answer), f.finishPasskey(ruth, token, answer, "x"), fault.Invalid)
		}
	})
}

func TestPasskeyBelongsToOne(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		v := newDevice(ruth, true)
		f.register(ruth, v)
		options, token := f.beginPasskey(omar)
		wantKind(t, "a passkey of somebody else", f.finishPasskey(omar, token, v.create(t, options), "x"), fault.Conflict)
		if f.state(omar).Any() || len(f.state(ruth).Passkeys) != 1 {
			t.Error("the passkey has moved")
		}
		mine := f.state(ruth).Passkeys[0].ID
		remove := func(p id.Person, passkey string) error {
			return f.try(func(tx *db.Tx) error { return f.RemovePasskey(tx, p, passkey) })
		}
		wantKind(t, "removed by another", remove(omar, mine), fault.NotFound)
		wantKind(t, "removed by nobody", remove("", mine), fault.NotFound)
		options, token = f.beginCheck(ruth)
		err := remove(ruth, mine)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.finishCheck(token, v.get(t, options))
		wantRefused(t, "a passkey that was removed meanwhile", err, errAnswer)
		wantKind(t, "removed twice", remove(ruth, mine), fault.NotFound)
		err = f.try(func(tx *db.Tx) error { _, _, err := f.BeginCheck(tx, ruth); return err })
		wantKind(t, "a check without a passkey", err, fault.Conflict)
		err = f.try(func(tx *db.Tx) error { _, _, err := f.BeginPasskey(tx, "", "x", "x"); return err })
		wantKind(t, "a passkey for nobody", err, fault.Unauthenticated)
	})
}

func TestPasskeyLabelsAndLimit(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		labels := map[string]string{
			"": "Passkey", " \t\n": "Passkey", "Zoë\u202e's <i>clé</i> 🔑": "Zoë's <i>clé</i> 🔑", "مفتاح": "مفتاح",
			"a\x00b\xff": "a b", strings.Repeat("é", 300): strings.Repeat("é", longestLabel),
		}
		want := map[string]int{}
		for typed, label := range labels {
			options, token := f.beginPasskey(ruth)
			err := f.finishPasskey(ruth, token, newDevice(ruth, true).create(t, options), typed)
			if err != nil {
				t.Fatal(err)
			}
			want[label]++
		}
		for _, k := range f.state(ruth).Passkeys {
			want[k.Label]--
		}
		for label, n := range want {
			if n != 0 {
				t.Errorf("label %q is off by %d", label, n)
			}
		}
		options, token := f.beginPasskey(ruth)
		for len(f.state(ruth).Passkeys) < mostPasskeys {
			f.register(ruth, newDevice(ruth, true))
		}
		err := f.finishPasskey(ruth, token, newDevice(ruth, true).create(t, options), "one more")
		wantKind(t, "an eleventh that was begun before", err, fault.Conflict)
		err = f.try(func(tx *db.Tx) error { _, _, err := f.BeginPasskey(tx, ruth, "x", "x"); return err })
		wantKind(t, "an eleventh", err, fault.Conflict)
	})
}

func TestPasskeyRowOfAnotherPerson(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		v := newDevice(omar, true)
		f.register(ruth, v)
		f.must(func(tx *db.Tx) error {
			_, err := tx.Exec("update factor_passkey set person = $1", string(omar))
			return err
		})
		err := f.try(func(tx *db.Tx) error { _, _, err := f.BeginCheck(tx, omar); return err })
		if !errors.Is(err, errSealed) {
			t.Errorf("a row given to another person: %v", err)
		}
	})
}
