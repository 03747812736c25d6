package id_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"hsconnect/internal/id"
)

func TestCopyNumberComesBackHoweverItIsTyped(t *testing.T) {
	shape := regexp.MustCompile(`^C26-\d{9}-\d$`)
	for range 200 {
		n := id.NewCopyNumber(at(2026))
		if !shape.MatchString(string(n)) {
			t.Fatalf("shape of %s", n)
		}
		for _, typed := range []string{string(n), strings.ToLower(string(n)), strings.ReplaceAll(string(n), "-", " "), "\t" + strings.ReplaceAll(string(n), "-", "–")} {
			got, err := id.ParseCopyNumber(typed)
			if err != nil || got != n {
				t.Fatalf("%q gives %q, %v", typed, got, err)
			}
		}
		for _, i := range digitsOf(string(n)) {
			wrong := []byte(n)
			wrong[i] = '0' + (wrong[i]-'0'+1)%10
			_, err := id.ParseCopyNumber(string(wrong))
			if !errors.Is(err, id.ErrCopyCheck) {
				t.Fatalf("%s for %s: %v", wrong, n, err)
			}
		}
	}
}

// The number of a request is not the number of a copy, nor the other way.
func TestCopyNumberIsNoRequestNumber(t *testing.T) {
	_, err := id.ParseCopyNumber(string(id.NewNumber(at(2026))))
	if !errors.Is(err, id.ErrCopyShape) {
		t.Error(err)
	}
	_, err = id.ParseNumber(string(id.NewCopyNumber(at(2026))))
	if !errors.Is(err, id.ErrNumberShape) {
		t.Error(err)
	}
}
