package watch

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/id"
)

const (
	familiarFor = 90 * 24 * time.Hour // for so long a network is one that the account was used from
	sessionsFor = 25 * time.Hour      // longer than any session lasts
	tracesMost  = 20_000              // of one person, that are looked at
	shownMost   = 4                   // networks named in an evidence
)

// failures sees a burst of failures before a success from a new network.
func (v *view) failures(tx *db.Tx, r Rule, p id.Person, since time.Time) (time.Time, string, error) {
	for _, a := range v.arrivals[p] {
		if a.Kind == account.SignInFailed || !a.At.After(since) {
			continue
		}
		failed, err := account.FailuresOf(tx, p, later(since, a.At.Add(-within(r))), a.At)
		if err != nil {
			return time.Time{}, "", err
		}
		if len(failed) <= r.Most {
			continue
		}
		stays, err := account.Stays(tx, p, a.At.Add(-familiarFor))
		if err != nil {
			return time.Time{}, "", err
		}
		stays = slices.DeleteFunc(stays, func(s account.Stay) bool { return s.Session == a.Session || !s.Started.Before(a.At) })
		known := slices.ContainsFunc(stays, func(s account.Stay) bool { return s.Network == a.Network })
		if known || len(stays) == 0 {
			continue
		}
		var from []string
		for _, f := range failed {
			if f.Kind == account.SignInFailed {
				from = append(from, f.Network)
			}
		}
		return a.At, strconv.Itoa(len(failed)) + " attempts to sign in failed within " + minutes(r.Minutes) + named(" from ", from) +
			", then one succeeded from " + a.Network + ", a network that the account was not used from in the 90 days before.", nil
	}
	return time.Time{}, "", nil
}

// twoPlaces sees two proven sessions from different networks, both in use.
func (v *view) twoPlaces(tx *db.Tx, r Rule, p id.Person, since time.Time) (time.Time, string, error) {
	stays, err := proven(tx, p, v.now)
	if err != nil {
		return time.Time{}, "", err
	}
	for i, b := range stays {
		if !b.Proven.After(since) {
			continue
		}
		for _, a := range stays[:i] {
			apart := b.Seen.Sub(a.Seen).Abs()
			if a.Network == b.Network || !a.Seen.After(b.Proven) || apart > within(r) {
				continue
			}
			return b.Proven, "Signed in from two networks, " + a.Network + " and " + b.Network + ", and both were used within " + minutes(r.Minutes) + " of each other.", nil
		}
	}
	return time.Time{}, "", nil
}

// proven gives the sessions of the last day that a second factor has opened,
// in the order in which they were proven.
func proven(tx *db.Tx, p id.Person, now time.Time) ([]account.Stay, error) {
	stays, err := account.Stays(tx, p, now.Add(-sessionsFor))
	stays = slices.DeleteFunc(stays, func(s account.Stay) bool { return s.Proven.IsZero() })
	slices.SortStableFunc(stays, func(a, b account.Stay) int {
		return cmp.Or(a.Proven.Compare(b.Proven), a.Started.Compare(b.Started), cmp.Compare(a.Session, b.Session))
	})
	return stays, err
}

// travel sees sign-ins from different networks one soon after the other.
func (v *view) travel(tx *db.Tx, r Rule, p id.Person, since time.Time) (time.Time, string, error) {
	stays, err := proven(tx, p, v.now)
	if err != nil {
		return time.Time{}, "", err
	}
	for i, b := range stays {
		if !b.Proven.After(since) {
			continue
		}
		var networks []string
		for _, a := range stays[:i+1] {
			if a.Proven.After(since) && b.Proven.Sub(a.Proven) < within(r) {
				networks = append(networks, a.Network)
			}
		}
		distinct := slices.Compact(slices.Sorted(slices.Values(networks)))
		if len(distinct) > r.Most {
			return b.Proven, "Signed in from " + strconv.Itoa(len(distinct)) + " different networks" + named(": ", networks) + " within " + minutes(r.Minutes) +
				". Networks were compared, not places.", nil
		}
	}
	return time.Time{}, "", nil
}

// lookUps sees the looks of somebody who gathers or guesses.
func (v *view) lookUps(tx *db.Tx, r Rule, p id.Person, since time.Time) (time.Time, string, error) {
	// Whatever was before the last look of the rules was seen then.
	from := later(since, db.Time(v.readUS).Add(-overlap-within(r)))
	traces, err := disclosure.TracesOf(tx, p, from, tracesMost)
	if err != nil || len(traces) == 0 {
		return time.Time{}, "", err
	}
	slices.Reverse(traces)
	most := busiest(traces, within(r), func(t disclosure.Trace) string {
		switch {
		case r.Name == Misses && t.Outcome != disclosure.Shown:
			return string(t.ID)
		case r.Name == LookUps && t.Outcome == disclosure.Shown && !t.Listed:
			return string(t.Member)
		}
		return ""
	})
	if most <= r.Most {
		return time.Time{}, "", nil
	}
	what := strconv.Itoa(most) + " different members were opened within " + minutes(r.Minutes) + "."
	if r.Name == Misses {
		what = strconv.Itoa(most) + " look-ups found nothing or were refused within " + minutes(r.Minutes) + "."
	}
	return traces[len(traces)-1].At, what, nil
}

// busiest gives the largest number of different keys in any stretch of d.
// Traces without a key do not count.
func busiest(traces []disclosure.Trace, d time.Duration, key func(disclosure.Trace) string) (most int) {
	in := map[string]int{}
	first := 0
	for _, t := range traces {
		k := key(t)
		if k == "" {
			continue
		}
		in[k]++
		for t.At.Sub(traces[first].At) > d {
			out := key(traces[first])
			first++
			if out == "" {
				continue
			}
			in[out]--
			if in[out] == 0 {
				delete(in, out)
			}
		}
		most = max(most, len(in))
	}
	return most
}

// atNight sees use during hours in which nobody works.
func (v *view) atNight(tx *db.Tx, r Rule, p id.Person, since time.Time) (time.Time, string, error) {
	from := later(since, v.now.Add(-time.Duration((r.ToHour-r.FromHour+24)%24)*time.Hour)) // this night, not the one before
	traces, err := disclosure.TracesOf(tx, p, from, tracesMost)
	if err != nil {
		return time.Time{}, "", err
	}
	stays, err := account.Stays(tx, p, from)
	if err != nil {
		return time.Time{}, "", err
	}
	times := make([]time.Time, 0, len(traces)+len(stays))
	for _, t := range traces {
		times = append(times, t.At)
	}
	for _, st := range stays {
		times = append(times, st.Started)
	}
	n, last := 0, time.Time{}
	for _, t := range times {
		if t.After(since) && r.isNight(t.In(v.zone).Hour()) {
			n++
			last = later(last, t)
		}
	}
	if n <= r.Most {
		return time.Time{}, "", nil
	}
	return last, "Used " + often(n) + " between " + strconv.Itoa(r.FromHour) + ":00 and " + strconv.Itoa(r.ToHour) + ":00 (" + v.zone.String() + ").", nil
}

func (r Rule) isNight(hour int) bool {
	if r.FromHour < r.ToHour {
		return hour >= r.FromHour && hour < r.ToHour
	}
	return hour >= r.FromHour || hour < r.ToHour
}

// afterEnd sees the right password of a closed account.
func (v *view) afterEnd(_ *db.Tx, _ Rule, p id.Person, since time.Time) (time.Time, string, error) {
	var from []string
	last := time.Time{}
	for _, a := range v.arrivals[p] {
		if a.Kind == account.SignInFailed && a.At.After(since) {
			from = append(from, a.Network)
			last = later(last, a.At)
		}
	}
	if len(from) == 0 {
		return time.Time{}, "", nil
	}
	return last, "The right password was typed " + often(len(from)) + named(" from ", from) + " after the account was closed or the person's access had ended. Nothing was opened.", nil
}

func within(r Rule) time.Duration { return time.Duration(r.Minutes) * time.Minute }

func minutes(n int) string {
	if n == 1 {
		return "a minute"
	}
	if n > 60 && n%60 == 0 {
		return strconv.Itoa(n/60) + " hours"
	}
	return strconv.Itoa(n) + " minutes"
}

func often(n int) string {
	if n == 1 {
		return "once"
	}
	return strconv.Itoa(n) + " times"
}

// named lists networks, each once, the first few by name.
func named(before string, networks []string) string {
	all := slices.Compact(slices.Sorted(slices.Values(networks)))
	if len(all) == 0 {
		return ""
	}
	more := ""
	if len(all) > shownMost {
		more = " and " + strconv.Itoa(len(all)-shownMost) + " more"
		all = all[:shownMost]
	}
	return before + strings.Join(all, ", ") + more
}
