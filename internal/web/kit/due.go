package kit

import (
	"strconv"
	"strings"
	"time"
)

// Moment is a time as people read it and as machines do.
type Moment struct {
	Text    string // "Fri, Nov 27, 4:59 PM ET"
	Machine string // RFC 3339
}

// MomentAt writes t in the zone loc; the year is added when it is not the
// year of now.
func MomentAt(t, now time.Time, loc *time.Location) Moment {
	t, now = t.In(loc), now.In(loc)
	layout := "Mon, Jan 2, 3:04 PM"
	if t.Year() != now.Year() {
		layout = "Mon, Jan 2, 2006, 3:04 PM"
	}
	return Moment{Text: t.Format(layout) + " " + zone(t), Machine: t.Format(time.RFC3339)}
}

// zone gives the short name people use: ET for EST and EDT.
func zone(t time.Time) string {
	name, _ := t.Zone()
	if len(name) == 3 && (name[1] == 'S' || name[1] == 'D') && name[2] == 'T' {
		return name[:1] + "T"
	}
	return name
}

// Urgency is how near a due time is.
type Urgency string

// The urgencies.
const (
	Calm   Urgency = "calm"
	Soon   Urgency = "soon"
	Late   Urgency = "late"
	Met    Urgency = "met"    // done in time; nothing runs any more
	Paused Urgency = "paused" // the clock stands still
)

// Due is a due time in full and in words, with how much of it is used up.
type Due struct {
	At       Moment
	Relative string // "in 2 days 3 h", "2 h late"
	Urgency  Urgency
	Used     int    // percent of the time from start to due that has gone, 0 to 100
	Rule     string // the rule it comes from, or empty
}

// DueAt works out a Due from when the clock started, when it ends and now.
// The last day, or the last fifth when that is longer, counts as soon.
func DueAt(start, due, now time.Time, loc *time.Location) Due {
	d := Due{At: MomentAt(due, now, loc), Urgency: Calm, Used: used(start, due, now)}
	left := due.Sub(now)
	if left < 0 {
		d.Urgency, d.Relative, d.Used = Late, Span(-left)+" late", 100
		return d
	}
	d.Relative = "in " + Span(left)
	if left <= 24*time.Hour || left <= due.Sub(start)/5 {
		d.Urgency = Soon
	}
	return d
}

func used(start, due, now time.Time) int {
	whole := due.Sub(start)
	if whole <= 0 {
		return 100
	}
	return min(100, max(0, int(now.Sub(start)*100/whole)))
}

// Span writes a length of time with its two largest units: "2 days 3 h",
// "5 h 10 min", "12 min", "less than a minute".
func Span(d time.Duration) string {
	minutes := int(d / time.Minute)
	days, hours, mins := minutes/1440, minutes/60%24, minutes%60
	switch {
	case days > 0 && hours > 0 && days < 14:
		return plural(days, "day", "days") + " " + strconv.Itoa(hours) + " h"
	case days > 0:
		return plural(days, "day", "days")
	case hours > 0 && mins > 0:
		return strconv.Itoa(hours) + " h " + strconv.Itoa(mins) + " min"
	case hours > 0:
		return strconv.Itoa(hours) + " h"
	case mins > 0:
		return strconv.Itoa(mins) + " min"
	}
	return "less than a minute"
}

// word is what stands beside the color.
func (u Urgency) word() string {
	switch u {
	case Soon:
		return "Due soon"
	case Late:
		return "Overdue"
	case Met:
		return "Done in time"
	case Paused:
		return "Clock stopped"
	case Calm:
		return "Due"
	}
	return "Due"
}

func (u Urgency) icon() string {
	switch u {
	case Soon:
		return "timer"
	case Late:
		return "priority_high"
	case Met:
		return "check"
	case Paused:
		return "pause"
	case Calm:
		return "schedule"
	}
	return "schedule"
}

// Bytes writes a size as people do: "812 KB", "2.4 MB".
func Bytes(n int64) string {
	switch {
	case n < 1000:
		return strconv.FormatInt(n, 10) + " bytes"
	case n < 999_500:
		return strconv.FormatInt((n+500)/1000, 10) + " KB"
	}
	s := strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64)
	return strings.TrimSuffix(s, ".0") + " MB"
}
