package demo

import (
	"bytes"
	"context"
	"strings"

	"hsconnect/internal/pdf"
)

// madeUp stands on every paper and picture.
const madeUp = "Made up for a demonstration. No real person."

// paper is a document of a request before its bytes are made: they are large,
// and needed once.
type paper struct {
	kind, name, title, text string
	head                    string
	facts                   [][2]string
	plot                    *scenePlot
	chance                  uint64 // seeds the picture
}

// attach makes the documents that come with a request.
func (w *world) attach(d dice, s *story) {
	_, doctor := s.requesting()
	facts := [][2]string{
		{"Patient", s.member.name()}, {"Birth date", s.member.birth.US()}, {"Member ID", s.member.number},
		{"Date of visit", s.visit.US()}, {"Clinician", doctor},
	}
	head := s.org.Name + "\n" + s.org.Street + ", " + s.org.City + ", " + s.org.State + " " + s.org.Zip + " · " + s.org.Phone
	for i, p := range s.scene.papers {
		if i > 0 && d.in(15) {
			continue // something is often missing
		}
		s.papers = append(s.papers, paper{kind: p.kind, name: p.file, title: s.say(p.title), text: s.say(p.text), head: head, facts: facts})
	}
	if s.scene.plot != nil && d.in(80) {
		s.papers = append(s.papers, paper{kind: "lab", name: s.scene.plot.file, title: s.member.name() + ", " + s.visit.US(),
			plot: s.scene.plot, chance: d.Uint64()})
	}
}

// later makes the document that an office sends when the plan has asked.
func (s *story) later() paper {
	p := s.papers[0]
	p.kind, p.name, p.title, p.plot = "clinical note", "addendum.pdf", "Addendum", nil
	p.text = "Addition to the note of " + s.words["visit"] + ", on the plan's question.\n" + s.say(s.scene.answer)
	return p
}

// bytes makes the file. The same paper gives the same bytes.
func (p paper) bytes(ctx context.Context) ([]byte, error) {
	err := ctx.Err()
	if err != nil {
		return nil, err
	}
	if p.plot != nil {
		return picture(p)
	}
	w := pdf.New(pdf.Doc{Title: p.title, Header: p.head, Footer: madeUp, TextSize: 11})
	w.Heading(1, p.title)
	w.Facts(p.facts)
	for l := range strings.SplitSeq(p.text, "\n") {
		name, rest, ok := strings.Cut(l, ": ")
		if ok && len(name) < 40 {
			w.Heading(2, name)
			l = capitals(rest)
		}
		w.Para(l)
	}
	w.Para("Signed electronically: " + p.facts[len(p.facts)-1][1])
	var out bytes.Buffer
	_, err = w.WriteTo(&out)
	return out.Bytes(), err
}
