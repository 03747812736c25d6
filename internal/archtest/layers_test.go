package archtest

import (
	"slices"
	"strconv"
	"strings"
)

// layout is layers.txt, read.
type layout struct {
	module  string
	place   map[string]int    // a listed package's place in the order
	tier    map[string]string // a listed package's tier
	tiers   map[string]bool
	support []string
	never   [][2]string
	allow   [][2]string
}

func readLayout(tr *tree) (*layout, []finding) {
	l := &layout{module: tr.module, place: map[string]int{}, tier: map[string]string{}, tiers: map[string]bool{}}
	lines, bad := tr.rules("layers.txt")
	tier := ""
	for i, f := range lines {
		switch {
		case f[0] == "tier" && len(f) == 2:
			tier = f[1]
			l.tiers[tier] = true
		case f[0] == "support" && len(f) == 2:
			l.support = append(l.support, f[1])
		case f[0] == "never" && len(f) == 3:
			l.never = append(l.never, [2]string{f[1], f[2]})
		case f[0] == "allow" && len(f) == 3:
			l.allow = append(l.allow, [2]string{f[1], f[2]})
		case len(f) == 1 && tier != "":
			l.place[f[0]] = i
			l.tier[f[0]] = tier
		default:
			bad = append(bad, finding{key: "layers.txt", place: here + "/layers.txt", text: "cannot read the line: " + strings.Join(f, " ")})
		}
	}
	return l, bad
}

// unit gives the listed package that dir belongs to: the longest listed
// folder at or above it, or "".
func (l *layout) unit(dir string) string {
	best := ""
	for p := range l.place {
		if within(dir, p) && len(p) > len(best) {
			best = p
		}
	}
	return best
}

func (l *layout) isSupport(dir string) bool {
	return slices.ContainsFunc(l.support, func(s string) bool { return within(dir, s) })
}

// counted says whether rules for the product's own code bind this file.
func (l *layout) counted(s *source) bool { return !s.test && !l.isSupport(s.dir) }

// matches says whether an import path (ours as a folder) is meant by a FROM
// or TO of layers.txt.
func (l *layout) matches(pattern, dir string, ours bool) bool {
	switch {
	case pattern == "ours":
		return ours
	case pattern == "modules":
		first, _, _ := strings.Cut(dir, "/")
		return !ours && strings.Contains(first, ".")
	case l.tiers[pattern]:
		return ours && l.tier[l.unit(dir)] == pattern
	}
	return within(dir, pattern)
}

func (l *layout) any(rules [][2]string, from, to string, ours bool) bool {
	return slices.ContainsFunc(rules, func(r [2]string) bool {
		return l.matches(r[0], from, true) && l.matches(r[1], to, ours)
	})
}

// refuses gives why from may not import to, or "".
func (l *layout) refuses(from, to string, ours bool) string {
	a, b := l.unit(from), l.unit(to)
	switch {
	case ours && l.isSupport(to):
		return "is test support: only tests import it"
	case ours && b == "":
		return "" // reported where it stands
	case ours && a == b:
		return ""
	case l.any(l.allow, from, to, ours):
		return ""
	case l.any(l.never, from, to, ours):
		return "is ruled out by a 'never' line of layers.txt"
	case ours && l.place[b] > l.place[a]:
		return "stands below it in layers.txt: imports go up the list only"
	case !ours && to == "testing":
		return "is for tests and test support"
	}
	return ""
}

// layers checks every import of the product's own code against layers.txt.
func layers(tr *tree) []finding {
	l, found := readLayout(tr)
	missing := map[string]bool{}
	for _, s := range tr.sources {
		if l.isSupport(s.dir) {
			continue
		}
		if l.unit(s.dir) == "" && !missing[s.dir] {
			missing[s.dir] = true
			found = append(found, finding{key: s.dir, place: s.path, text: "package " + s.dir + " is not in layers.txt: say where it stands, and what it is"})
		}
		if s.test || missing[s.dir] {
			continue
		}
		for _, imp := range s.ast.Imports {
			to, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				continue
			}
			to, ours := strings.CutPrefix(to, tr.module+"/")
			if why := l.refuses(s.dir, to, ours); why != "" {
				found = append(found, finding{
					key: s.dir + " " + to, place: tr.position(imp.Pos()),
					text: s.dir + " imports " + to + ", which " + why,
				})
			}
		}
	}
	return found
}
