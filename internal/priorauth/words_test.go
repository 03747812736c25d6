package priorauth_test

import (
	"testing"
	"time"

	"hsconnect/internal/civil"
	"hsconnect/internal/document"
	"hsconnect/internal/priorauth"
)

func TestWordsOfALine(t *testing.T) {
	from, to := civil.Date{Y: 2026, M: 12, D: 1}, civil.Date{Y: 2026, M: 12, D: 31}
	much, when := priorauth.Amount(6, "units", from, to)
	if much != "6 units" || when != "12/01/2026 – 12/31/2026" {
		t.Errorf("%q, %q", much, when)
	}
	much, when = priorauth.Amount(1, "days", from, from)
	if much != "1 day" || when != "12/01/2026" {
		t.Errorf("%q, %q", much, when)
	}
	l := priorauth.Line{Modifiers: []string{"RT", "50"}, Note: "after the cast is off"}
	if got := l.Detail(); got != "modifiers RT 50 · after the cast is off" {
		t.Errorf("%q", got)
	}
}

func TestWhatWasRead(t *testing.T) {
	var k priorauth.Case
	k.Documents = []document.Document{{Name: "unread.pdf"}}
	if got := k.Read(); got != "the request and its notes" {
		t.Errorf("%q", got)
	}
	k.Documents = append(k.Documents, document.Document{Name: "echo.pdf", OpenedAt: time.Unix(1, 0)})
	if got := k.Read(); got != "the request, its notes and echo.pdf" {
		t.Errorf("%q", got)
	}
}
