package factor

import (
	"bytes"
	"image/png"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

func (f *fixture) beginTOTP(p id.Person, username string) (set Setup) {
	f.t.Helper()
	f.must(func(tx *db.Tx) (err error) {
		set, err = f.BeginTOTP(tx, p, username)
		return err
	})
	return set
}

func (f *fixture) confirm(p id.Person, code string) (good bool, err error) {
	f.t.Helper()
	err = f.try(func(tx *db.Tx) (err error) {
		good, err = f.ConfirmTOTP(tx, p, code)
		return err
	})
	return good, err
}

func (f *fixture) code(secret string, after time.Duration) string {
	f.t.Helper()
	code, err := TOTP(secret, f.clock.Now().Add(after))
	if err != nil {
		f.t.Fatal(err)
	}
	return code
}

func (f *fixture) check1(p id.Person, code string) (good bool) {
	f.t.Helper()
	f.must(func(tx *db.Tx) (err error) {
		good, err = f.CheckTOTP(tx, p, code)
		return err
	})
	return good
}

// withApp gives a person an app and lets its first code pass.
func (f *fixture) withApp(p id.Person) (secret string) {
	f.t.Helper()
	secret = f.beginTOTP(p, string(p)).Secret
	good, err := f.confirm(p, f.code(secret, 0))
	if err != nil || !good {
		f.t.Fatal(good, err)
	}
	f.clock.Advance(5 * time.Minute)
	return secret
}

func TestTOTPSetup(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		set := f.beginTOTP(ruth, "zoë:<b>ọ\u202e 👩🏽‍⚕️ & ?issuer=evil")
		u, err := url.Parse(set.URL)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/HSConnect – Prairie Health:zoë <b>ọ 👩🏽‍⚕️ & ?issuer=evil" ||
			q.Get("secret") != set.Secret || len(q["issuer"]) != 1 || q.Get("issuer") != "HSConnect – Prairie Health" || q.Get("period") != "30" || q.Get("digits") != "6" || len(set.Secret) != 32 {
			t.Errorf("%s", set.URL)
		}
		img, err := png.Decode(bytes.NewReader(set.QR))
		if err != nil || img.Bounds().Dx() < 150 {
			t.Errorf("the picture: %v", err)
		}
		var logged bytes.Buffer
		slog.New(slog.NewTextHandler(&logged, nil)).Info("x", slog.Any("setup", set))
		if strings.Contains(logged.String(), set.Secret) {
			t.Error("the log holds the secret")
		}
	})
}

func TestTOTPPending(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		first := f.beginTOTP(ruth, "ruth")
		f.clock.Advance(samePending - time.Second)
		if f.beginTOTP(ruth, "ruth").Secret != first.Secret {
			t.Error("a reload shows another secret")
		}
		if f.state(ruth).TOTP || f.state(ruth).Any() || f.check1(ruth, f.code(first.Secret, 0)) {
			t.Error("an unconfirmed app counts")
		}
		if good, err := f.confirm(ruth, "000000"); good || err != nil {
			t.Error("a guess confirms", err)
		}
		if _, err := f.confirm(omar, f.code(first.Secret, 0)); !fault.Is(err, fault.Conflict) {
			t.Error("another person confirms", err)
		}
		f.clock.Advance(time.Second)
		second := f.beginTOTP(ruth, "ruth")
		if second.Secret == first.Secret {
			t.Error("after ten minutes the secret is the same")
		}
		if good, _ := f.confirm(ruth, f.code(first.Secret, 0)); good {
			t.Error("a replaced secret confirms")
		}
		code := f.code(second.Secret, 0)
		if good, err := f.confirm(ruth, code); !good || err != nil {
			t.Fatal(good, err)
		}
		if f.check1(ruth, code) {
			t.Error("the confirming code opens too")
		}
		if _, err := f.confirm(ruth, code); !fault.Is(err, fault.Conflict) {
			t.Error("confirmed twice", err)
		}
		third := f.beginTOTP(ruth, "ruth")
		f.clock.Advance(time.Minute)
		if !f.check1(ruth, f.code(second.Secret, 0)) {
			t.Error("the app is gone while another is set up")
		}
		f.clock.Advance(pendingLasts)
		if _, err := f.confirm(ruth, f.code(third.Secret, 0)); !fault.Is(err, fault.Conflict) {
			t.Error("confirmed late", err)
		}
	})
}

func TestTOTPOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		secret := f.withApp(ruth)
		code := f.code(secret, 0)
		if !f.check1(ruth, " "+code[:3]+" "+code[3:]) {
			t.Error("a good code is refused")
		}
		if f.check1(ruth, code) {
			t.Error("a code opens twice")
		}
		if f.check1(ruth, f.code(secret, -30*time.Second)) {
			t.Error("an older code opens after a newer one")
		}
		if !f.check1(ruth, f.code(secret, 30*time.Second)) {
			t.Error("the next step is refused")
		}
		f.clock.Advance(30 * time.Second)
		if f.check1(ruth, f.code(secret, 0)) {
			t.Error("a code that was used early opens again in its own step")
		}
	})
}

func TestTOTPSkew(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		secret := f.withApp(ruth)
		for _, c := range []struct {
			off  time.Duration
			want bool
		}{{-90 * time.Second, false}, {-60 * time.Second, false}, {-30 * time.Second, true}, {0, true}, {30 * time.Second, true}, {60 * time.Second, false}, {time.Hour, false}} {
			f.clock.Advance(10 * time.Minute)
			if f.check1(ruth, f.code(secret, c.off)) != c.want {
				t.Errorf("%v away: not %v", c.off, c.want)
			}
		}
	})
}

func TestTOTPTwoAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		secret := f.withApp(ruth)
		for range 5 {
			f.clock.Advance(time.Minute)
			code := f.code(secret, 0)
			got := make(chan bool, 8)
			for range cap(got) {
				go func() { got <- f.check1(ruth, code) }()
			}
			good := 0
			for range cap(got) {
				if <-got {
					good++
				}
			}
			if good != 1 {
				t.Errorf("%d got in with one code", good)
			}
		}
	})
}

func TestTOTPTyped(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		secret := f.withApp(ruth)
		code := f.code(secret, 0)
		for _, bad := range []string{"", "12345", "1234567", "abcdef", "é23456", "-1", "      ", code + "0", "0" + code, code[:5], strings.Repeat(code, 1000), "\x00\xff", code + "\u0301"} {
			if f.check1(ruth, bad) {
				t.Errorf("%q opens", bad)
			}
		}
		if f.check1(omar, code) || f.check1("", code) {
			t.Error("the code opens for another person")
		}
		var wide strings.Builder
		for _, r := range code {
			wide.WriteRune(r - '0' + '０')
		}
		if !f.check1(ruth, "\u00a0"+wide.String()[:9]+"\u2011"+wide.String()[9:]+"\u200b") {
			t.Error("wide digits with a hyphen are refused")
		}
	})
}

func TestTOTPTwoPeopleAndRemoval(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ruths, omars := f.withApp(ruth), f.withApp(omar)
		if ruths == omars || f.check1(ruth, f.code(omars, 0)) || !f.check1(ruth, f.code(ruths, 0)) || !f.check1(omar, f.code(omars, 0)) {
			t.Error("two people's apps are mixed up")
		}
		f.clock.Advance(time.Minute)
		pending := f.beginTOTP(ruth, "ruth")
		f.must(func(tx *db.Tx) error { return f.RemoveTOTP(tx, ruth) })
		if f.state(ruth).TOTP || f.check1(ruth, f.code(ruths, 0)) || !f.state(omar).TOTP {
			t.Error("removal took the wrong one")
		}
		if _, err := f.confirm(ruth, f.code(pending.Secret, 0)); !fault.Is(err, fault.Conflict) {
			t.Error("a removed setup confirms", err)
		}
	})
}
