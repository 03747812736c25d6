package id_test

import (
	"sort"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hsconnect/internal/id"
)

func TestNewIsIndexFriendly(t *testing.T) {
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	var ids []string
	seen := map[string]bool{}
	for i := range 2000 {
		got := string(id.New[id.Request](start.Add(time.Duration(i) * time.Millisecond)))
		if len(got) != id.Length {
			t.Fatalf("length %d", len(got))
		}
		if seen[got] {
			t.Fatal("the same id twice")
		}
		seen[got] = true
		ids = append(ids, got)
	}
	if !sort.StringsAreSorted(ids) {
		t.Error("ids of rising times do not sort in order of time")
	}
}

// The time part is fixed by the shape, so a known time gives known letters:
// a change here would break the order of ids already stored.
func TestNewTimePart(t *testing.T) {
	tests := []struct {
		at   time.Time
		want string
	}{
		{time.UnixMilli(0), "0000000000"},
		{time.UnixMilli(1), "0000000001"},
		{time.UnixMilli(32), "0000000010"},
		{time.UnixMilli(1<<48 - 1), "7zzzzzzzzz"},
		{time.UnixMilli(1 << 50), "7zzzzzzzzz"},
		{time.UnixMilli(-5), "0000000000"},
	}
	for _, tt := range tests {
		if got := string(id.New[id.Job](tt.at))[:10]; got != tt.want {
			t.Errorf("%v: time part %s, want %s", tt.at, got, tt.want)
		}
	}
}

// Within one millisecond only the random part tells ids apart; every one of
// its characters must vary.
func TestNewRandomPart(t *testing.T) {
	at := time.UnixMilli(1_800_000_000_000)
	var seen [16]map[byte]bool
	for i := range seen {
		seen[i] = map[byte]bool{}
	}
	for range 500 {
		got := id.New[id.Entry](at)
		for i := range seen {
			seen[i][got[10+i]] = true
		}
	}
	for i, chars := range seen {
		if len(chars) < 24 {
			t.Errorf("character %d takes only %d values", 10+i, len(chars))
		}
	}
}

func TestParse(t *testing.T) {
	good := id.New[id.Member](time.UnixMilli(1_800_000_000_000))
	got, err := id.Parse[id.Member](string(good))
	if err != nil || got != good {
		t.Fatalf("round trip: %v %v", got, err)
	}
	bad := []string{
		"", "1", string(good) + "0", string(good)[1:],
		"8zzzzzzzzzzzzzzzzzzzzzzzzz", "0000000000000000000000000I", "0000000000000000000000000l",
		"0000000000000000000000000u", "0000000000000000000000000A", "0000000000000000000000000 ",
		"0000000000000000000000000\x00", "000000000000000000000000é", "../../../../etc/passwd/xxxx",
	}
	for _, text := range bad {
		if got, err := id.Parse[id.Member](text); err == nil {
			t.Errorf("%q accepted as %q", text, got)
		}
	}
}

func TestParseTakesEveryNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.Int64().Draw(t, "ms")
		made := id.New[id.Draft](time.UnixMilli(ms))
		if _, err := id.Parse[id.Draft](string(made)); err != nil {
			t.Fatalf("%s refused", made)
		}
	})
}
