package coverage

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"

	"hsconnect/internal/civil"
)

func numbered64(i int) key {
	sum := sha256.Sum256(strconv.AppendInt(nil, int64(i), 10))
	return key(binary.BigEndian.Uint64(sum[:]))
}

// TestSeenAgreesWithAMap holds what is remembered against a map, over the
// borders of pieces, with keys that share part, place and tag.
func TestSeenAgreesWithAMap(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 8))
	var s seen
	type known struct {
		at   Place
		days []days
	}
	all := map[key]*known{}
	for i := range 60_000 {
		k := numbered64(r.IntN(25_000))
		if i%5 == 0 {
			k = key(r.IntN(1 << 14)) // all in one part, most of them at one place
		}
		day := civil.Date{Y: 1 + r.IntN(9998), M: 1, D: 1 + r.IntN(28)}
		d := daysFrom([]Line{Medical, Dental, Vision, Drug, Other}[r.IntN(5)], day, day.AddDays(r.IntN(90_000)))
		if i%7 == 0 {
			d = daysFrom(Medical, day, civil.Date{})
		}
		was, there := all[k]
		n := s.find(k)
		if (n > 0) != there {
			t.Fatalf("%x is there: %v, found as %d", uint64(k), there, n)
		}
		if !there {
			was = &known{at: Place{Line: i, Segment: i % 3 * i}}
			all[k] = was
			n = s.add(k, was.at)
		}
		if s.place(n) != was.at {
			t.Fatalf("%x stands at %v, not %v", uint64(k), was.at, s.place(n))
		}
		want := false
		for _, o := range was.days {
			want = want || o.overlaps(d)
		}
		if s.overlaps(n, d) != want {
			t.Fatalf("%x overlaps: %v", uint64(k), want)
		}
		s.keep(n, []days{d})
		was.days = append(was.days, d)
	}
	if s.count != len(all) {
		t.Errorf("%d members, %d counted", len(all), s.count)
	}
}

// TestBytesOfAMember measures what is remembered of a large file: bytes of
// memory for a member, and bytes that were asked for on the way.
func TestBytesOfAMember(t *testing.T) {
	const members = 1_000_000
	for _, c := range []struct {
		name     string
		segments bool
		days     int
		most     uint64
	}{
		{"lines, one coverage", false, 1, 30},
		{"segments, three coverages", true, 3, 65},
	} {
		var before, now runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		s := new(seen)
		mine := make([]days, c.days)
		for i := range mine {
			mine[i] = daysFrom(Medical, civil.Date{Y: 2000 + i, M: 1, D: 1}, civil.Date{Y: 2000 + i, M: 1, D: 2})
		}
		for i := range members {
			at := Place{Line: i + 2}
			if c.segments {
				at.Segment = 10 * i
			}
			s.keep(s.add(numbered64(i), at), mine)
		}
		runtime.ReadMemStats(&now)
		asked := (now.TotalAlloc - before.TotalAlloc) / members
		runtime.GC()
		runtime.ReadMemStats(&now)
		live := (now.HeapAlloc - before.HeapAlloc) / members
		runtime.KeepAlive(s)
		t.Logf("%s: %d bytes a member, %d asked for", c.name, live, asked)
		if live > c.most || asked > 2*c.most {
			t.Errorf("%s: %d bytes a member, %d asked for", c.name, live, asked)
		}
	}
}
