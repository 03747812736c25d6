package demo

import (
	"context"
	"testing"
	"time"
)

func TestTheSameSeedAndDayMakeTheSameWorld(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, time.November, 23, 15, 0, 0, 0, time.UTC)
	digest := func(now time.Time, seed uint64) string {
		w, err := imagine(now, zone, seed, Size{Members: 300, People: 90, Requests: 60, Drafts: 3})
		if err != nil {
			t.Fatal(err)
		}
		d, err := w.digest(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	first := digest(day, Seed)
	if digest(day, Seed) != first {
		t.Error("the same seed and time make two worlds")
	}
	if digest(day, Seed+1) == first {
		t.Error("the seed changes nothing")
	}
	if digest(day.AddDate(0, 0, 1), Seed) == first {
		t.Error("the dates do not move with today")
	}
}
