// Package kit is the portal's design system as typed components: page
// furniture, form controls, status and due times, tables, threads and the
// layouts of the main screens. It promises that every component is valid
// HTML that works without script and under a policy that allows no inline
// style or script, that color never carries a meaning alone, and that text
// typed by people is escaped and isolated from the direction of the text
// around it. It knows no domain: callers hand it plain structs whose texts
// are already fit to be shown to the person who looks.
package kit

import (
	"strconv"
	"strings"

	"hsconnect/internal/web/ui"
)

// Link is a place to go, named by where it leads or what it does.
type Link struct {
	Text string
	Href string
	Icon string // an icon name, or empty
}

// Tone colors an alert or a panel. Each tone also has its own icon and word.
type Tone string

// The tones.
const (
	Info    Tone = "info"
	Success Tone = "success" // only for approved or done
	Warning Tone = "warning" // due soon, needs attention
	Danger  Tone = "error"   // overdue, denied, refused, failed
	Plain   Tone = ""
)

func (t Tone) icon() string {
	switch t {
	case Success:
		return "check_circle"
	case Warning:
		return "warning"
	case Danger:
		return "error"
	case Info, Plain:
		return "info"
	}
	return "info"
}

func (t Tone) word() string {
	switch t {
	case Success:
		return "Done"
	case Warning:
		return "Attention"
	case Danger:
		return "Problem"
	case Info, Plain:
		return "Note"
	}
	return "Note"
}

// asset is the address of a built file.
func asset(name string) string { return ui.Path(name) }

func icon(name string) string { return asset("sprite.svg") + "#" + name }

func classes(names ...string) string {
	kept := names[:0]
	for _, n := range names {
		if n != "" {
			kept = append(kept, n)
		}
	}
	return strings.Join(kept, " ")
}

func when(cond bool, name string) string {
	if cond {
		return name
	}
	return ""
}

func or(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

func number(n int) string { return strconv.Itoa(n) }

// plural gives "1 message" or "3 messages".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

// slug makes an id out of words: lower case letters and digits joined by
// hyphens.
func slug(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(s) {
		if (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9') {
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			b.WriteRune(r)
			gap = false
			continue
		}
		gap = true
	}
	return or(b.String(), "part")
}
