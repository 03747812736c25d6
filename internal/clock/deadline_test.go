package clock_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"hsconnect/internal/civil"
	"hsconnect/internal/clock"
	"hsconnect/internal/fault"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func day(y int, m time.Month, d int) civil.Date { return civil.Date{Y: y, M: m, D: d} }

// local is the form of the tables below.
const local = "2006-01-02 15:04:05.999999 MST"

func TestDue(t *testing.T) {
	thanksgiving := []civil.Date{day(2026, 11, 26), day(2026, 11, 27)}
	const eastern, central, arizona = "America/New_York", "America/Chicago", "America/Phoenix"
	tests := []struct {
		name     string
		kind     clock.Kind
		zone     string
		received string // local wall time
		target   string
		limit    string // "" when equal to target
		holidays []civil.Date
	}{
		{"C-10, over Thanksgiving", clock.StandardPA, eastern, "2026-11-20 16:59:00", "2026-11-27 16:59:00 EST", "2026-11-27 23:59:59.999999 EST", thanksgiving},
		{"C-10, late in the evening", clock.StandardPA, eastern, "2026-11-20 23:58:00", "2026-11-27 23:58:00 EST", "2026-11-27 23:59:59.999999 EST", nil},
		{"C-10, the last microsecond of a day", clock.StandardPA, eastern, "2026-11-20 23:59:59.999999", "2026-11-27 23:59:59.999999 EST", "2026-11-27 23:59:59.999999 EST", nil},
		{"C-10, the first moment of a day", clock.StandardPA, eastern, "2026-11-21 00:00:00", "2026-11-28 00:00:00 EST", "2026-11-28 23:59:59.999999 EST", nil},
		{"C-10, on a Saturday", clock.StandardPA, central, "2026-11-21 09:00:00", "2026-11-28 09:00:00 CST", "2026-11-28 23:59:59.999999 CST", nil},
		{"C-10, week of autumn's change", clock.StandardPA, eastern, "2026-10-30 09:00:00", "2026-11-06 08:00:00 EST", "2026-11-06 23:59:59.999999 EST", nil},
		{"C-10, week of spring's change", clock.StandardPA, eastern, "2026-03-06 09:00:00", "2026-03-13 10:00:00 EDT", "2026-03-13 23:59:59.999999 EDT", nil},
		{"C-10, 168 hours would pass the limit", clock.StandardPA, eastern, "2026-03-06 23:30:00", "2026-03-13 23:59:59.999999 EDT", "", nil},
		{"C-10, leap day counts", clock.StandardPA, eastern, "2028-02-25 10:00:00", "2028-03-03 10:00:00 EST", "2028-03-03 23:59:59.999999 EST", nil},
		{"C-10, common year", clock.StandardPA, eastern, "2027-02-25 10:00:00", "2027-03-04 10:00:00 EST", "2027-03-04 23:59:59.999999 EST", nil},
		{"C-10, over New Year", clock.StandardPA, arizona, "2026-12-28 10:00:00", "2027-01-04 10:00:00 MST", "2027-01-04 23:59:59.999999 MST", nil},
		{"C-10, the rule before 2026", clock.StandardPA, eastern, "2025-12-31 23:59:59", "2026-01-14 23:59:59 EST", "2026-01-14 23:59:59.999999 EST", nil},
		{"C-10, its first day", clock.StandardPA, eastern, "2026-01-01 00:00:00", "2026-01-08 00:00:00 EST", "2026-01-08 23:59:59.999999 EST", nil},
		{"C-11", clock.StandardOther, eastern, "2026-11-20 16:59:00", "2026-12-04 16:59:00 EST", "2026-12-04 23:59:59.999999 EST", nil},
		{"C-12", clock.Expedited, eastern, "2026-11-20 16:59:30", "2026-11-23 16:59:30 EST", "", nil},
		{"C-12, autumn", clock.Expedited, eastern, "2026-10-30 16:59:00", "2026-11-02 15:59:00 EST", "", nil},
		{"C-12, spring", clock.Expedited, eastern, "2026-03-06 16:59:00", "2026-03-09 17:59:00 EDT", "", nil},
		{"C-12, leap day", clock.Expedited, eastern, "2028-02-27 08:00:00", "2028-03-01 08:00:00 EST", "", nil},
		{"C-13 standard", clock.PartBStandard, central, "2026-11-20 08:00:00", "2026-11-23 08:00:00 CST", "", nil},
		{"C-13 expedited", clock.PartBExpedited, central, "2026-11-20 08:00:00", "2026-11-21 08:00:00 CST", "", nil},
		{"K-10, Friday to Tuesday", clock.Documentation, eastern, "2026-11-20 16:59:00", "2026-11-24 23:59:59.999999 EST", "", nil},
		{"K-10, Saturday", clock.Documentation, eastern, "2026-11-21 00:00:01", "2026-11-24 23:59:59.999999 EST", "", nil},
		{"K-10, Monday", clock.Documentation, eastern, "2026-11-23 09:00:00", "2026-11-25 23:59:59.999999 EST", "", thanksgiving},
		{"K-10, over the holidays", clock.Documentation, eastern, "2026-11-25 09:00:00", "2026-12-01 23:59:59.999999 EST", "", thanksgiving},
		{"K-10, received on a holiday", clock.Documentation, eastern, "2026-11-26 09:00:00", "2026-12-01 23:59:59.999999 EST", "", thanksgiving},
	}
	for _, tt := range tests {
		loc := zone(t, tt.zone)
		received, err := time.ParseInLocation("2006-01-02 15:04:05", tt.received, loc)
		if err != nil {
			t.Fatal(err)
		}
		d := clock.Due(tt.kind, received, loc, tt.holidays...)
		if tt.limit == "" {
			tt.limit = tt.target
		}
		if got := d.Target.In(loc).Format(local); got != tt.target {
			t.Errorf("%s: target %s, want %s", tt.name, got, tt.target)
		}
		if got := d.Limit.In(loc).Format(local); got != tt.limit {
			t.Errorf("%s: limit %s, want %s", tt.name, got, tt.limit)
		}
		if !d.Received.Equal(received) || d.Ground != "" || d.Rule.ID != tt.kind {
			t.Errorf("%s: %+v", tt.name, d)
		}
	}
}

func TestDueElapsedIsElapsed(t *testing.T) {
	loc := zone(t, "America/New_York")
	for received := time.Date(2026, 10, 29, 0, 0, 0, 0, loc); received.Before(time.Date(2026, 11, 3, 0, 0, 0, 0, loc)); received = received.Add(37 * time.Minute) {
		if got := clock.Due(clock.Expedited, received, loc).Limit.Sub(received); got != 72*time.Hour {
			t.Fatalf("%v after %v", got, received)
		}
	}
}

// The zone is the plan's, not the sender's: the day of receipt depends on it.
func TestDueInThePlansZone(t *testing.T) {
	at := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC) // still Friday in New York
	limit := clock.Due(clock.StandardPA, at, zone(t, "America/New_York")).Limit
	if want := time.Date(2026, 11, 28, 4, 59, 59, 999999000, time.UTC); !limit.Equal(want) {
		t.Errorf("%v, want %v", limit, want)
	}
}

func TestDueWithoutARulePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a deadline for a kind that is none")
		}
	}()
	clock.Due("someday", time.Unix(1_800_000_000, 0), time.UTC)
}

func TestRules(t *testing.T) {
	last := map[clock.Kind]clock.Rule{}
	for _, r := range clock.Rules() {
		if r.Name == "" || r.Row == "" || r.Citation == "" || r.Length <= 0 || r.Counting == 0 || r.Expiry == 0 {
			t.Errorf("%s %d is not filled in: %+v", r.ID, r.Version, r)
		}
		before, had := last[r.ID]
		if r.Version != before.Version+1 || (had && !r.Effective.After(before.Effective)) || (!had && !r.Effective.IsZero()) {
			t.Errorf("%s %d does not follow %d", r.ID, r.Version, before.Version)
		}
		last[r.ID] = r
		if got, ok := clock.Find(r.ID, r.Version); !ok || got != r {
			t.Errorf("%s %d is not found", r.ID, r.Version)
		}
	}
	if len(last) != 10 {
		t.Errorf("%d kinds", len(last))
	}
	if _, ok := clock.Find(clock.StandardPA, 9); ok {
		t.Error("a version that is not")
	}
}

func TestExtend(t *testing.T) {
	eastern := zone(t, "America/New_York")
	tests := []struct {
		name          string
		kind          clock.Kind
		received      string
		target, limit string
	}{
		{"standard", clock.StandardPA, "2026-11-20 16:59:00", "2026-12-11 16:59:00 EST", "2026-12-11 23:59:59.999999 EST"},
		{"standard, spring, capped", clock.StandardPA, "2026-03-01 23:30:00", "2026-03-22 23:59:59.999999 EDT", "2026-03-22 23:59:59.999999 EDT"},
		{"standard, autumn", clock.StandardPA, "2026-10-20 09:00:00", "2026-11-10 08:00:00 EST", "2026-11-10 23:59:59.999999 EST"},
		{"other", clock.StandardOther, "2026-11-20 16:59:00", "2026-12-18 16:59:00 EST", "2026-12-18 23:59:59.999999 EST"},
		{"expedited", clock.Expedited, "2026-11-20 16:59:30", "2026-12-07 16:59:30 EST", "2026-12-07 16:59:30 EST"},
		{"expedited, spring", clock.Expedited, "2026-02-25 09:00:00", "2026-03-14 10:00:00 EDT", "2026-03-14 10:00:00 EDT"},
		{"expedited, spring, capped", clock.Expedited, "2026-02-25 23:30:00", "2026-03-14 23:59:59.999999 EDT", "2026-03-14 23:59:59.999999 EDT"},
	}
	for _, tt := range tests {
		received, err := time.ParseInLocation("2006-01-02 15:04:05", tt.received, eastern)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range clock.Grounds() {
			d, err := clock.Extend(clock.Due(tt.kind, received, eastern), g, eastern)
			if err != nil || d.Ground != g {
				t.Fatalf("%s: %v", tt.name, err)
			}
			if got := d.Target.In(eastern).Format(local); got != tt.target {
				t.Errorf("%s: target %s, want %s", tt.name, got, tt.target)
			}
			if got := d.Limit.In(eastern).Format(local); got != tt.limit {
				t.Errorf("%s: limit %s, want %s", tt.name, got, tt.limit)
			}
		}
	}
}

func TestExtendRefuses(t *testing.T) {
	loc := zone(t, "America/New_York")
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, loc)
	once, err := clock.Extend(clock.Due(clock.StandardPA, at, loc), clock.EnrolleeAsked, loc)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		d      clock.Deadline
		ground clock.Ground
		want   fault.Kind
	}{
		{"no ground", clock.Due(clock.StandardPA, at, loc), "", fault.Invalid},
		{"evidence of a contract provider", clock.Due(clock.StandardPA, at, loc), "contract-evidence", fault.Invalid},
		{"a second time", once, clock.Extraordinary, fault.Conflict},
		{"Part B drug", clock.Due(clock.PartBStandard, at, loc), clock.EnrolleeAsked, fault.Conflict},
		{"Part B drug, expedited", clock.Due(clock.PartBExpedited, at, loc), clock.EnrolleeAsked, fault.Conflict},
		{"documents", clock.Due(clock.Documentation, at, loc), clock.EnrolleeAsked, fault.Conflict},
	}
	for _, tt := range tests {
		got, err := clock.Extend(tt.d, tt.ground, loc)
		if !fault.Is(err, tt.want) || fault.Text(err) == "" {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if got != tt.d {
			t.Errorf("%s: the refused deadline changed", tt.name)
		}
	}
}

func TestState(t *testing.T) {
	loc := zone(t, "America/New_York")
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, loc)
	d := clock.Due(clock.StandardPA, at, loc)
	docs := clock.Due(clock.Documentation, at, loc)
	var not time.Time
	tests := []struct {
		name          string
		d             clock.Deadline
		now, answered time.Time
		want          clock.State
	}{
		{"just received", d, at, not, clock.Open},
		{"past the target", d, d.Target.Add(time.Hour), not, clock.Open},
		{"the last moment", d, d.Limit, not, clock.Open},
		{"within the last microsecond", d, d.Limit.Add(999), not, clock.Open},
		{"midnight", d, d.Limit.Add(time.Microsecond), not, clock.Late},
		{"a year on", d, d.Limit.AddDate(1, 0, 0), not, clock.Late},
		{"answered at the last moment", d, d.Limit.AddDate(1, 0, 0), d.Limit, clock.InTime},
		{"answered early", d, d.Target, at, clock.InTime},
		{"answered late", d, d.Limit.AddDate(1, 0, 0), d.Limit.Add(time.Microsecond), clock.Late},
		{"documents in time", docs, docs.Limit, at, clock.InTime},
		{"documents late", docs, docs.Limit.Add(time.Second), not, clock.Missed},
		{"documents answered late", docs, docs.Limit.Add(time.Hour), docs.Limit.Add(time.Second), clock.Missed},
	}
	for _, tt := range tests {
		if got := tt.d.State(tt.now, tt.answered); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func kinds() []clock.Kind {
	return []clock.Kind{clock.StandardPA, clock.StandardOther, clock.Expedited, clock.PartBStandard, clock.PartBExpedited, clock.Documentation}
}

// For any receipt since 2026 in any of the usual zones: no limit before its
// target, a calendar limit at the end of the right day, and nothing received
// later is due earlier, extended or not.
func TestDeadlineProperties(t *testing.T) {
	zones := []*time.Location{
		time.UTC, zone(t, "America/New_York"), zone(t, "America/Chicago"), zone(t, "America/Phoenix"), zone(t, "America/Los_Angeles"),
		zone(t, "America/Anchorage"), zone(t, "Pacific/Honolulu"), zone(t, "America/Puerto_Rico"), zone(t, "America/Havana"), zone(t, "Asia/Kolkata"),
	}
	// Around clock changes, leap days and New Year, at the edges of a day.
	starts := []civil.Date{
		day(2026, 2, 20), day(2026, 10, 10), day(2027, 3, 1), day(2028, 2, 20), day(2028, 12, 20), day(2026, 6, 1), day(2045, 10, 20),
	}
	times := []time.Duration{0, 90 * time.Minute, 150 * time.Minute, 12 * time.Hour, 23*time.Hour + 30*time.Minute, 24*time.Hour - time.Microsecond}
	rapid.Check(t, func(t *rapid.T) {
		loc := rapid.SampledFrom(zones).Draw(t, "zone")
		kind := rapid.SampledFrom(kinds()).Draw(t, "kind")
		first := rapid.SampledFrom(starts).Draw(t, "start").AddDays(rapid.IntRange(0, 25).Draw(t, "day")).In(loc).
			Add(rapid.SampledFrom(times).Draw(t, "time"))
		second := first.Add(time.Duration(rapid.Int64Range(0, 30*86400*1e6).Draw(t, "later")) * time.Microsecond)
		a, b := clock.Due(kind, first, loc), clock.Due(kind, second, loc)
		check := func(a, b clock.Deadline) {
			if a.Limit.Before(a.Target) || a.Target.Before(a.Received) {
				t.Fatalf("out of order: %+v", a)
			}
			if b.Target.Before(a.Target) || b.Limit.Before(a.Limit) {
				t.Fatalf("received later, due earlier: %+v, %+v", a, b)
			}
		}
		check(a, b)
		if a.Rule.Counting == clock.Calendar {
			last := civil.Of(first, loc).AddDays(a.Rule.Length)
			if civil.Of(a.Limit, loc) != last || civil.Of(a.Limit.Add(time.Microsecond), loc) != last.AddDays(1) {
				t.Fatalf("the limit is not the end of %v: %v", last, a.Limit.In(loc))
			}
		}
		if !a.Rule.Extendable() {
			return
		}
		ax, err := clock.Extend(a, clock.EnrolleeAsked, loc)
		if err != nil {
			t.Fatal(err)
		}
		bx, err := clock.Extend(b, clock.EnrolleeAsked, loc)
		if err != nil {
			t.Fatal(err)
		}
		check(ax, bx)
		if n := civil.Of(a.Limit, loc).DaysUntil(civil.Of(ax.Limit, loc)); n < a.Rule.Extension-1 || n > a.Rule.Extension {
			t.Fatalf("extended by %d days", n)
		}
	})
}

func TestExtendBecause(t *testing.T) {
	loc := zone(t, "America/New_York")
	at := time.Date(2026, 9, 1, 12, 0, 0, 0, loc)
	for kind, want := range map[clock.Kind]string{
		clock.Accounting: "2026-11-30 23:59:59.999999 EST", clock.Amendment: "2026-11-30 23:59:59.999999 EST", clock.Inspection: "2026-10-31 23:59:59.999999 EDT",
	} {
		d := clock.Due(kind, at, loc)
		_, err := clock.ExtendBecause(d, " ", loc)
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s without a reason: %v", kind, err)
		}
		once, err := clock.ExtendBecause(d, "The records of 2021 are in the archive", loc)
		if err != nil || once.Ground != clock.Written || once.Limit.In(loc).Format(local) != want {
			t.Errorf("%s: %s %v", kind, once.Limit.In(loc).Format(local), err)
		}
		_, err = clock.ExtendBecause(once, "Still", loc)
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("%s a second time: %v", kind, err)
		}
	}
	_, err := clock.ExtendBecause(clock.Due(clock.Restriction, at, loc), "Late", loc)
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("a clock without extension: %v", err)
	}
}
