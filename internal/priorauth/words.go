package priorauth

import (
	"strconv"
	"strings"

	"hsconnect/internal/civil"
	"hsconnect/internal/code"
)

// Detail says what a line asks for besides its code: modifiers, place, note.
func (l Line) Detail() string {
	var parts []string
	if len(l.Modifiers) > 0 {
		parts = append(parts, "modifiers "+strings.Join(l.Modifiers, " "))
	}
	if l.Place != "" {
		parts = append(parts, code.Place(l.Place).Words())
	}
	if l.Note != "" {
		parts = append(parts, l.Note)
	}
	return strings.Join(parts, " · ")
}

// Amount says how much and when: "6 units" and "12/1/2026 – 12/31/2026".
func Amount(units int64, kind UnitKind, from, to civil.Date) (much, when string) {
	noun := string(kind)
	if units == 1 {
		noun = strings.TrimSuffix(noun, "s")
	}
	when = from.US()
	if to != from {
		when += " – " + to.US()
	}
	return strconv.FormatInt(units, 10) + " " + noun, when
}

// Read names what the plan has read of a request: the documents that it opened.
func (k Case) Read() string {
	var names []string
	for _, d := range k.Documents {
		if !d.OpenedAt.IsZero() {
			names = append(names, d.Name)
		}
	}
	if len(names) == 0 {
		return "the request and its notes"
	}
	return "the request, its notes and " + strings.Join(names, ", ")
}
