package demo

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"hsconnect/internal/priorauth"
)

// scene is one kind of request with everything that people write about it.
// The format stands at the top of data/scenarios1.txt.
type scene struct {
	key            string
	kind           priorauth.Kind
	from, to       []string // fields of organizations; to "self" is who asks
	womenOnly      bool
	dx             [][]string
	lines          []sceneLine
	facts          map[string]fact
	against        map[string]bool // facts that speak against a request that is cut
	note, urgent   string
	papers         []scenePaper
	plot           *scenePlot
	ask, answer    string
	internal       string
	deny           reason
	cuts           []cut
	first, longest int // days from the first to the last of the shortest and the longest line
}

type sceneLine struct {
	code, mods, place string
	units             int
	unit              priorauth.UnitKind
	days              int
}

// fact is what a text says where it stands, for a request that is well
// founded and for one that is not.
type fact struct{ good, bad string }

type scenePaper struct {
	kind  string
	title string
	file  string
	text  string
}

type scenePlot struct{ what, file string }

type reason struct{ code, criterion, narrative string }

// cut is a line of which less is authorized than asked; no units deny it.
type cut struct {
	reason

	line, units int
}

func readScenes() ([]*scene, error) {
	var out []*scene
	for _, file := range []string{"scenarios1", "scenarios2", "scenarios3"} {
		raw, err := lines(file)
		if err != nil {
			return nil, err
		}
		for _, l := range joined(raw) {
			if key, ok := strings.CutPrefix(l, "@ "); ok {
				out = append(out, &scene{key: key, facts: map[string]fact{}, against: map[string]bool{}})
				continue
			}
			s := out[len(out)-1]
			name, text, ok := strings.Cut(l, ":")
			if !ok {
				return nil, fmt.Errorf("demo: a line of scene %s has no name", s.key)
			}
			err = s.set(name, strings.TrimSpace(text))
			if err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// joined puts lines that go on to the one before.
func joined(raw []string) []string {
	var out []string
	for _, l := range raw {
		if rest, ok := strings.CutPrefix(l, " "); ok && len(out) > 0 {
			out[len(out)-1] += "\n" + rest
			continue
		}
		out = append(out, l)
	}
	return out
}

func (s *scene) set(name, text string) error {
	texts := map[string]*string{"note": &s.note, "urgent": &s.urgent, "ask": &s.ask, "answer": &s.answer, "internal": &s.internal}
	if at, ok := texts[name]; ok {
		*at = text
		return nil
	}
	cells := strings.Split(text, "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	wrong := fmt.Errorf("demo: scene %s: cannot read the line %q", s.key, name)
	need := map[string]int{"line": 6, "doc": 3, "plot": 2, "deny": 3, "cut": 5}[name]
	if len(cells) < need {
		return wrong
	}
	switch name {
	case "kind":
		s.kind = map[string]priorauth.Kind{"outpatient": priorauth.Outpatient, "inpatient": priorauth.Inpatient, "referral": priorauth.Referral}[text]
	case "from":
		s.from = split(text, ",")
	case "to":
		s.to = split(text, ",")
	case "only":
		s.womenOnly = text == "f"
	case "dx":
		s.dx = append(s.dx, split(text, "/"))
	case "line":
		return s.setLine(cells)
	case "fact":
		return s.setFact(text, wrong)
	case "cutfact":
		s.against[text] = true
	case "doc":
		file, body, _ := strings.Cut(cells[2], "\n")
		s.papers = append(s.papers, scenePaper{kind: cells[0], title: cells[1], file: file, text: body})
	case "plot":
		s.plot = &scenePlot{what: cells[0], file: cells[1]}
	case "deny":
		s.deny = reason{cells[0], cells[1], cells[2]}
	case "cut":
		return s.setCut(cells)
	default:
		return wrong
	}
	return nil
}

func (s *scene) setLine(cells []string) error {
	units, err := number(cells[1])
	if err != nil {
		return err
	}
	long, err := number(cells[5])
	if err != nil {
		return err
	}
	s.lines = append(s.lines, sceneLine{code: cells[0], units: units, unit: priorauth.UnitKind(cells[2]), mods: cells[3], place: cells[4], days: long})
	if len(s.lines) == 1 || long < s.first {
		s.first = long
	}
	s.longest = max(s.longest, long)
	return nil
}

func (s *scene) setFact(text string, wrong error) error {
	name, both, ok := strings.Cut(text, "=")
	good, bad, ok2 := strings.Cut(both, "|")
	if !ok {
		return wrong
	}
	if !ok2 {
		bad = good // speaks neither for nor against
	}
	s.facts[strings.TrimSpace(name)] = fact{strings.TrimSpace(good), strings.TrimSpace(bad)}
	return nil
}

func (s *scene) setCut(cells []string) error {
	line, err := number(cells[0])
	if err != nil {
		return err
	}
	units, err := number(cells[1])
	if err != nil {
		return err
	}
	s.cuts = append(s.cuts, cut{reason{cells[2], cells[3], cells[4]}, line, units})
	return nil
}

// verdict is what a request is made to look like.
type verdict int

const (
	sound verdict = iota + 1 // everything speaks for it
	partly
	unsound
)

// words gives what stands for the names in the scene's texts, in the order
// of the names so that the same dice give the same words.
func (s *scene) words(d dice, v verdict) map[string]string {
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(s.facts)) {
		f := s.facts[name]
		text := f.good
		if v == unsound || v == partly && s.against[name] {
			text = f.bad
		}
		text = pick(d, split(text, " / "))
		if low, high, ok := strings.Cut(text, ".."); ok {
			a, err := number(low)
			b, err2 := number(high)
			if err == nil && err2 == nil {
				text = fmt.Sprint(d.between(a, b))
			}
		}
		out[name] = text
	}
	return out
}

// fill puts words in the place of {names}, twice, since a fact may itself
// name another; it begins sentences with a capital.
func fill(text string, words map[string]string) string {
	pairs := make([]string, 0, 2*len(words))
	for _, k := range slices.Sorted(maps.Keys(words)) {
		pairs = append(pairs, "{"+k+"}", words[k])
	}
	r := strings.NewReplacer(pairs...)
	return capitals(r.Replace(r.Replace(text)))
}

func capitals(text string) string {
	b := []byte(text)
	start := true
	for i, c := range b {
		switch {
		case c == '.' || c == '?' || c == '\n':
			start = c == '\n' || i+1 < len(b) && b[i+1] == ' '
		case c == ' ' && start:
		case start && c >= 'a' && c <= 'z':
			b[i] = c - 'a' + 'A'
			start = false
		default:
			start = false
		}
	}
	return string(b)
}
