package factor

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

func (f *fixture) newCodes(p id.Person) (codes []string) {
	f.t.Helper()
	f.must(func(tx *db.Tx) (err error) {
		codes, err = f.NewCodes(tx, p)
		return err
	})
	return codes
}

func (f *fixture) use(p id.Person, typed string) (used bool, left int) {
	f.t.Helper()
	f.must(func(tx *db.Tx) (err error) {
		used, left, err = f.UseCode(tx, p, typed)
		return err
	})
	return used, left
}

func TestCodes(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		codes := f.newCodes(ruth)
		shape := regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){5}$`)
		seen := map[string]bool{}
		for _, c := range codes {
			if !shape.MatchString(c) || seen[c] {
				t.Errorf("code %q", c)
			}
			seen[c] = true
		}
		if len(codes) != 10 || f.state(ruth).Codes != 10 || f.state(ruth).Any() {
			t.Errorf("%d codes, state %+v", len(codes), f.state(ruth))
		}
		f.newCodes(omar)
		if used, left := f.use(omar, codes[0]); used || left != 10 {
			t.Error("a code opens for another person")
		}
		if used, left := f.use(ruth, codes[0]); !used || left != 9 {
			t.Error("a good code", used, left)
		}
		if used, left := f.use(ruth, codes[0]); used || left != 9 {
			t.Error("the same again", used, left)
		}
		look := strings.NewReplacer("1", "l", "0", "o").Replace(strings.ToLower(codes[1]))
		if used, left := f.use(ruth, "  "+strings.ReplaceAll(look, "-", " – ")+"\n"); !used || left != 8 {
			t.Error("as people type it", used, left)
		}
		if used, left := f.use(ruth, strings.ReplaceAll(codes[2], "-", "")); !used || left != 7 {
			t.Error("without hyphens", used, left)
		}
		fresh := f.newCodes(ruth)
		if used, left := f.use(ruth, codes[3]); used || left != 10 {
			t.Error("a replaced code", used, left)
		}
		if used, _ := f.use(ruth, fresh[9]); !used {
			t.Error("the last of the new ones is refused")
		}
	})
}

func TestCodeGuesses(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		codes := f.newCodes(ruth)
		for _, bad := range []string{"", "-", "0000-0000-0000-0000", "ÀÉÎÕ-ÀÉÎÕ", "' or 1=1 --", codes[0][:18], codes[0] + "0", codes[0] + codes[1], "UUUU" + codes[0][4:], strings.Repeat("A", 1<<20), "\x00\xff", codes[0] + "\u0301"} {
			if used, left := f.use(ruth, bad); used || left != 10 {
				t.Errorf("%.30q: %v, %d left", bad, used, left)
			}
		}
		if used, left := f.use("", codes[0]); used || left != 0 {
			t.Error("nobody's code")
		}
	})
}

func TestCodesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		done := make(chan []string, 4)
		for range cap(done) {
			go func() { done <- f.newCodes(ruth) }()
		}
		for range cap(done) {
			<-done
		}
		if n := f.state(ruth).Codes; n != codesEach {
			t.Errorf("%d codes", n)
		}
		code := f.newCodes(ruth)[0]
		got := make(chan bool, 8)
		for range cap(got) {
			go func() { used, _ := f.use(ruth, code); got <- used }()
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
	})
}

func TestResetAndSweep(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for _, p := range []id.Person{ruth, omar} {
			f.withApp(p)
			f.newCodes(p)
			f.register(p, newDevice(p, true))
			f.beginTOTP(p, "x")
		}
		_, token := f.beginPasskey(ruth)
		f.beginCheck("")
		f.must(func(tx *db.Tx) error { return f.Reset(tx, ruth) })
		f.must(func(tx *db.Tx) error { return f.Reset(tx, "") })
		if st := f.state(ruth); st.Any() || st.Codes != 0 {
			t.Errorf("after a reset: %+v", st)
		}
		if st := f.state(omar); !st.TOTP || len(st.Passkeys) != 1 || st.Codes != 10 {
			t.Errorf("the other person: %+v", st)
		}
		if n := f.rows("factor_ceremony"); n != 1 {
			t.Errorf("%d ceremonies stay", n)
		}
		if f.finishPasskey(ruth, token, nil, "x") == nil {
			t.Error("a ceremony outlives the reset")
		}
		f.must(Sweep)
		if f.rows("factor_ceremony") != 1 || f.rows("factor_pending") != 1 {
			t.Error("swept too early")
		}
		f.clock.Advance(ceremonyLasts)
		f.must(Sweep)
		if f.rows("factor_ceremony") != 0 || f.rows("factor_pending") != 1 {
			t.Error("not swept, or too much")
		}
		f.clock.Advance(pendingLasts - ceremonyLasts + time.Microsecond)
		f.must(Sweep)
		if f.rows("factor_pending") != 0 || !f.state(omar).TOTP {
			t.Error("not swept, or too much")
		}
	})
}

func (f *fixture) rows(table string) (n int) {
	f.t.Helper()
	f.must(func(tx *db.Tx) error { return tx.Row("select count(1) from " + table).Scan(&n) })
	return n
}

func TestCodeRowOfAnotherPerson(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		code := f.newCodes(omar)[0]
		f.must(func(tx *db.Tx) error {
			_, err := tx.Exec("update factor_code set person = $1", string(ruth))
			return err
		})
		if used, left := f.use(ruth, code); used || left != codesEach {
			t.Error("a row given to another person opens", used, left)
		}
	})
}
