package clock

import (
	"fmt"
	"time"
)

// Words says how far due is from now, in the two largest units and never more
// than there is: "in 2 days 3 h", "in 45 min", "3 h 10 min ago". A day is 24
// hours.
func Words(now, due time.Time) string {
	left := due.Sub(now)
	if left < 0 {
		if -left < time.Minute {
			return "just now"
		}
		return span(-left) + " ago"
	}
	if left < time.Minute {
		return "in less than a minute"
	}
	return "in " + span(left)
}

func span(d time.Duration) string {
	day := int(d / (24 * time.Hour))
	hour := int(d % (24 * time.Hour) / time.Hour)
	minute := int(d % time.Hour / time.Minute)
	switch {
	case day > 0:
		unit := "days"
		if day == 1 {
			unit = "day"
		}
		if hour == 0 {
			return fmt.Sprintf("%d %s", day, unit)
		}
		return fmt.Sprintf("%d %s %d h", day, unit, hour)
	case hour > 0 && minute > 0:
		return fmt.Sprintf("%d h %d min", hour, minute)
	case hour > 0:
		return fmt.Sprintf("%d h", hour)
	}
	return fmt.Sprintf("%d min", minute)
}

// Full gives a moment as the plan's offices say it: "Fri, Nov 27, 4:59 PM ET".
// Seconds are cut off, so the end of a day reads 11:59 PM.
func Full(t time.Time, loc *time.Location) string {
	local := t.In(loc)
	return local.Format("Mon, Jan 2, 3:04 PM ") + zoneWords(local)
}

// zoneWords names a time zone the way people do: ET for both halves of the
// year, the exact one (EST, EDT) where that would leave a doubt, and an
// offset from UTC for zones without a usual American name.
func zoneWords(t time.Time) string {
	name, offset := t.Zone()
	usual, known := general(name, offset)
	switch {
	case offset == 0 && name == "UTC":
		return "UTC"
	case !known:
		return "UTC" + t.Format("-07:00")
	case twice(t) || (fixed(t) && usual != "HT"):
		return name
	}
	return usual
}

// general gives the name without the season. The offset is looked at because
// other parts of the world use the same letters.
func general(name string, offset int) (string, bool) {
	switch fmt.Sprintf("%s%+d", name, offset/3600) {
	case "EST-5", "EDT-4":
		return "ET", true
	case "CST-6", "CDT-5":
		return "CT", true
	case "MST-7", "MDT-6":
		return "MT", true
	case "PST-8", "PDT-7":
		return "PT", true
	case "AKST-9", "AKDT-8":
		return "AKT", true
	case "HST-10", "HDT-9":
		return "HT", true
	case "AST-4":
		return "AT", true
	}
	return "", false
}

// fixed reports whether the zone never changes its clocks again: in Arizona
// and Puerto Rico "MT" and "AT" would be another hour for half of the year.
func fixed(t time.Time) bool {
	_, end := t.ZoneBounds()
	return end.IsZero()
}

// twice reports whether the clock shows this time a second time, which it
// does for an hour of autumn.
func twice(t time.Time) bool {
	const wall = "2006-01-02 15:04:05"
	shown := t.Format(wall)
	return t.Add(time.Hour).Format(wall) == shown || t.Add(-time.Hour).Format(wall) == shown
}

// Level says how pressing something is.
type Level int

// The levels, by the share of the time between receipt and due that is gone
// (C-20).
const (
	Calm     Level = iota + 1 // less than 75 %
	Soon                      // 75 % and more
	Critical                  // 90 % and more
	Overdue                   // past due
)

// String names the level, also for style classes.
func (l Level) String() string {
	switch l {
	case Calm:
		return "ok"
	case Soon:
		return "soon"
	case Critical:
		return "critical"
	case Overdue:
		return "overdue"
	}
	return "invalid"
}

// Urgency gives the level at now of what was received and is due. What is due
// at or before its receipt is Critical until it is Overdue.
func Urgency(now, received, due time.Time) Level {
	if now.After(due) {
		return Overdue
	}
	// In seconds, which no length of time we know can overflow.
	total := int64(due.Sub(received) / time.Second)
	gone := int64(now.Sub(received) / time.Second)
	switch {
	case gone*10 >= total*9:
		return Critical
	case gone*4 >= total*3:
		return Soon
	}
	return Calm
}
