package clock_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"hsconnect/internal/clock"
)

func TestWords(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	const minute, hour, day = time.Minute, time.Hour, 24 * time.Hour
	tests := []struct {
		left time.Duration
		want string
	}{
		{2*day + 3*hour, "in 2 days 3 h"},
		{2*day + 3*hour + 59*minute + 59*time.Second, "in 2 days 3 h"},
		{day, "in 1 day"},
		{day + hour, "in 1 day 1 h"},
		{7 * day, "in 7 days"},
		{7*day + 30*minute, "in 7 days"},
		{day - time.Microsecond, "in 23 h 59 min"},
		{3*hour + 10*minute, "in 3 h 10 min"},
		{3 * hour, "in 3 h"},
		{45 * minute, "in 45 min"},
		{minute, "in 1 min"},
		{minute - 1, "in less than a minute"},
		{0, "in less than a minute"},
		{-time.Second, "just now"},
		{-minute, "1 min ago"},
		{-3*hour - 10*minute, "3 h 10 min ago"},
		{-day, "1 day ago"},
		{-40*day - 5*hour, "40 days 5 h ago"},
	}
	for _, tt := range tests {
		if got := clock.Words(now, now.Add(tt.left)); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.left, got, tt.want)
		}
	}
}

func TestFull(t *testing.T) {
	tests := []struct {
		zone string
		at   time.Time // UTC
		want string
	}{
		{"America/New_York", time.Date(2026, 11, 27, 21, 59, 0, 0, time.UTC), "Fri, Nov 27, 4:59 PM ET"},
		{"America/New_York", time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC), "Wed, Jul 1, 12:00 AM ET"},
		{"America/New_York", time.Date(2026, 11, 28, 4, 59, 59, 999999000, time.UTC), "Fri, Nov 27, 11:59 PM ET"},
		{"America/Chicago", time.Date(2026, 11, 27, 18, 5, 0, 0, time.UTC), "Fri, Nov 27, 12:05 PM CT"},
		{"America/Denver", time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC), "Wed, Jul 1, 12:00 PM MT"},
		{"America/Los_Angeles", time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC), "Wed, Jul 1, 11:00 AM PT"},
		{"America/Anchorage", time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC), "Wed, Jul 1, 10:00 AM AKT"},
		{"Pacific/Honolulu", time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC), "Wed, Jul 1, 8:00 AM HT"},
		{"America/Adak", time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC), "Wed, Jul 1, 9:00 AM HT"},
		{"America/Phoenix", time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC), "Wed, Jul 1, 11:00 AM MST"},
		{"America/Puerto_Rico", time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC), "Wed, Jul 1, 2:00 PM AST"},
		{"US/Eastern", time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC), "Wed, Jul 1, 2:00 PM ET"},
		{"UTC", time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC), "Wed, Jul 1, 6:00 PM UTC"},
		{"Europe/London", time.Date(2026, 1, 1, 18, 0, 0, 0, time.UTC), "Thu, Jan 1, 6:00 PM UTC+00:00"},
		{"Asia/Shanghai", time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC), "Thu, Jul 2, 2:00 AM UTC+08:00"},
		{"America/Havana", time.Date(2026, 1, 1, 18, 0, 0, 0, time.UTC), "Thu, Jan 1, 1:00 PM UTC-05:00"},
		{"Asia/Kolkata", time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC), "Wed, Jul 1, 11:30 PM UTC+05:30"},
		// An hour that comes twice says which of the two.
		{"America/New_York", time.Date(2026, 11, 1, 4, 59, 0, 0, time.UTC), "Sun, Nov 1, 12:59 AM ET"},
		{"America/New_York", time.Date(2026, 11, 1, 5, 30, 0, 0, time.UTC), "Sun, Nov 1, 1:30 AM EDT"},
		{"America/New_York", time.Date(2026, 11, 1, 6, 30, 0, 0, time.UTC), "Sun, Nov 1, 1:30 AM EST"},
		{"America/New_York", time.Date(2026, 11, 1, 7, 0, 0, 0, time.UTC), "Sun, Nov 1, 2:00 AM ET"},
	}
	for _, tt := range tests {
		if got := clock.Full(tt.at, zone(t, tt.zone)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.zone, got, tt.want)
		}
	}
	fixedZone := time.FixedZone("EST", -5*3600)
	if got := clock.Full(time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC), fixedZone); got != "Wed, Jul 1, 1:00 PM EST" {
		t.Error(got)
	}
}

func TestUrgency(t *testing.T) {
	received := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	due := received.Add(100 * time.Hour)
	tests := []struct {
		now  time.Time
		want clock.Level
	}{
		{received.Add(-time.Hour), clock.Calm},
		{received, clock.Calm},
		{received.Add(75*time.Hour - time.Second), clock.Calm},
		{received.Add(75 * time.Hour), clock.Soon},
		{received.Add(90*time.Hour - time.Second), clock.Soon},
		{received.Add(90 * time.Hour), clock.Critical},
		{due, clock.Critical},
		{due.Add(time.Microsecond), clock.Overdue},
		{due.AddDate(5, 0, 0), clock.Overdue},
	}
	for _, tt := range tests {
		if got := clock.Urgency(tt.now, received, due); got != tt.want {
			t.Errorf("%v after receipt: %v, want %v", tt.now.Sub(received), got, tt.want)
		}
	}
	if got := clock.Urgency(received, received, received); got != clock.Critical {
		t.Error("due at receipt:", got)
	}
	for l, want := range map[clock.Level]string{clock.Calm: "ok", clock.Soon: "soon", clock.Critical: "critical", clock.Overdue: "overdue"} {
		if l.String() != want {
			t.Errorf("%v, want %s", l, want)
		}
	}
}

// As time goes on, a case only ever becomes more pressing.
func TestUrgencyOnlyRises(t *testing.T) {
	received := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		due := received.Add(time.Duration(rapid.Int64Range(0, int64(60*24*time.Hour)).Draw(t, "due")))
		a := received.Add(time.Duration(rapid.Int64Range(0, int64(90*24*time.Hour)).Draw(t, "a")))
		b := a.Add(time.Duration(rapid.Int64Range(0, int64(90*24*time.Hour)).Draw(t, "b")))
		if clock.Urgency(b, received, due) < clock.Urgency(a, received, due) {
			t.Fatalf("less pressing later: %v, %v until %v", a, b, due)
		}
	})
}
