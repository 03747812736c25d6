package demo

import (
	"embed"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

//go:embed data/*.txt
var data embed.FS

// lines gives the lines of a list, without remarks and empty ones.
func lines(name string) ([]string, error) {
	raw, err := data.ReadFile("data/" + name + ".txt")
	if err != nil {
		return nil, err
	}
	var out []string
	for l := range strings.Lines(string(raw)) {
		l = strings.TrimRight(l, "\r\n")
		if l != "" && !strings.HasPrefix(l, "#") {
			out = append(out, l)
		}
	}
	return out, nil
}

// rows gives the lines of a list, cut at | into exactly n cells.
func rows(name string, n int) ([][]string, error) {
	all, err := lines(name)
	if err != nil {
		return nil, err
	}
	out := make([][]string, 0, len(all))
	for _, l := range all {
		cells := strings.Split(l, "|")
		if len(cells) != n {
			return nil, fmt.Errorf("demo: a line of %s has not %d cells", name, n)
		}
		out = append(out, cells)
	}
	return out, nil
}

// dice draws what is made up. Every part of the plan has dice of its own, so
// that a change in one leaves the others as they were.
type dice struct{ *rand.Rand }

// The parts that draw.
const (
	forOrganizations = iota + 1
	forPeople
	forMembers
	forRequests
	forPapers
	forClaims
)

func newDice(seed uint64, part, no int) dice {
	return dice{rand.New(rand.NewPCG(seed, uint64(part)<<32+uint64(no)))} //nolint:gosec // what is drawn is content, never a secret
}

// between draws from low to high, both included.
func (d dice) between(low, high int) int { return low + d.IntN(high-low+1) }

// in reports true in so many of a hundred cases.
func (d dice) in(percent int) bool { return d.IntN(100) < percent }

func pick[T any](d dice, from []T) T { return from[d.IntN(len(from))] }

// number reads a number of our own lists.
func number(text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return 0, fmt.Errorf("demo: a list has a word where a number belongs: %w", err)
	}
	return n, nil
}

// split cuts at sep and trims; no text is no part.
func split(text, sep string) []string {
	var out []string
	for p := range strings.SplitSeq(text, sep) {
		p = strings.TrimSpace(p)
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}
