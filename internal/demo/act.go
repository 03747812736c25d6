package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/coverage"
	"hsconnect/internal/document"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/review"
)

// progress is what the portal has answered to a story so far.
type progress struct {
	member  id.Member
	draft   id.Draft
	request id.Request
	number  id.Number
}

// do does one step.
func (h *hand) do(ctx context.Context, s *story, st step) error {
	who := h.actor(st.who)
	switch st.kind {
	case prepare:
		return h.prepare(ctx, s, who)
	case submit:
		return h.submit(ctx, s, who)
	case open:
		_, err := h.open(ctx, s, who, true)
		return err
	case take:
		return h.Review.Take(ctx, who, s.run.number, 0)
	case ask:
		return h.Review.Ask(ctx, who, s.run.number, 0, st.text)
	case more:
		err := h.receive(ctx, who, s, s.later(), document.NewFile{Request: s.run.request})
		if err != nil {
			return err
		}
		return h.Priorauth.AddedDocument(ctx, who, s.run.number)
	case answer:
		return h.Priorauth.Answer(ctx, who, s.run.number, 0, st.text)
	case note:
		return h.Review.Note(ctx, who, s.run.number, st.text)
	case refer:
		return h.Review.Refer(ctx, who, s.run.number, 0, st.specialty, st.text)
	case decide:
		return h.decide(ctx, s, who)
	case cancel:
		return h.Priorauth.Cancel(ctx, who, s.run.number, 0, st.text)
	case view:
		_, err := h.Priorauth.Case(ctx, who, s.run.number)
		return err
	}
	return nil
}

// key is what an office types to find a member.
func (m *insured) key(byName bool) member.Key {
	if byName {
		return member.Key{Last: m.last, First: m.first, Birth: m.birth}
	}
	return member.Key{Number: m.number, Birth: m.birth}
}

// find looks a member up as an office does that has the patient in its book
// for the day, and opens the member's page.
func (h *hand) find(ctx context.Context, who access.Actor, k member.Key) (id.Member, error) {
	today := civil.Of(h.DB.Now(), h.Coverage.Zone)
	found, err := h.Coverage.Find(ctx, who, coverage.Query{Key: k, Purpose: access.Treatment, Visit: &member.Visit{On: today, Stated: true}})
	if err != nil {
		return "", err
	}
	_, err = h.Coverage.Sheet(ctx, who, found, coverage.Ask{On: today})
	return found, err
}

func (h *hand) prepare(ctx context.Context, s *story, who access.Actor) error {
	found, err := h.find(ctx, who, s.member.key(s.no%3 == 0))
	if err != nil {
		return err
	}
	s.run.member = found
	d, err := h.Priorauth.StartDraft(ctx, who, s.run.member)
	if err != nil {
		return err
	}
	s.run.draft = d.ID
	papers, form := s.papers, s.form
	if s.goal == draft {
		form, err = s.half()
		if err != nil {
			return err
		}
		papers = papers[:s.no%(len(papers)+1)]
	}
	errs := make([]error, len(papers))
	var all sync.WaitGroup
	for i, p := range papers {
		all.Go(func() { errs[i] = h.receive(ctx, who, s, p, document.NewFile{Draft: d.ID}) })
	}
	all.Wait()
	err = errors.Join(errs...)
	if err != nil {
		return err
	}
	_, err = h.Priorauth.SaveDraft(ctx, who, d.ID, 0, form)
	return err
}

// half gives the form of somebody who was called away from it.
func (s *story) half() ([]byte, error) {
	f := typed(s.submitted)
	switch s.no % 4 {
	case 0:
		f.Notes, f.Lines = "", nil
	case 1:
		f.Lines = f.Lines[:1]
		f.Lines[0].Units = ""
	case 2:
		f.Servicing, f.ContactPhone = "", ""
	}
	return json.Marshal(f)
}

func (h *hand) receive(ctx context.Context, who access.Actor, s *story, p paper, f document.NewFile) error {
	raw, err := p.bytes(ctx)
	if err != nil {
		return err
	}
	f.Member, f.Name, f.Kind, f.Reader = s.run.member, p.name, p.kind, bytes.NewReader(raw)
	_, err = h.Documents.Receive(ctx, who, f)
	return err
}

func (h *hand) submit(ctx context.Context, s *story, who access.Actor) error {
	sub := s.submitted
	sub.Draft, sub.Member = s.run.draft, s.run.member
	r, err := h.Priorauth.Submit(ctx, who, sub)
	if err != nil {
		return err
	}
	s.run.number, s.run.request = r.Number, r.Request
	return nil
}

// open opens a request for review, and its documents.
func (h *hand) open(ctx context.Context, s *story, who access.Actor, read bool) (review.File, error) {
	f, err := h.Review.Open(ctx, who, s.run.number)
	if err != nil || !read {
		return f, err
	}
	for _, d := range f.Documents {
		_, body, err := h.Documents.Open(ctx, who, d.ID)
		if err != nil {
			return f, err
		}
		_, err = io.Copy(io.Discard, body)
		if err != nil {
			return f, err
		}
		err = body.Close()
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

func (h *hand) decide(ctx context.Context, s *story, who access.Actor) error {
	f, err := h.open(ctx, s, who, false)
	if err != nil {
		return err
	}
	lines := make([]priorauth.CaseLine, len(f.Lines))
	copy(lines, f.Lines)
	_, err = h.Review.Decide(ctx, who, review.Decision{Number: s.run.number, Version: f.Version, Lines: s.decisions(lines), Attest: true})
	return err
}

func (h *hand) glance(ctx context.Context, g glance) error {
	key := member.Key{Number: "SHA0000000", Birth: h.w.today.AddDays(-70 * 365)}
	if g.member != nil {
		key = g.member.key(g.byName)
	}
	_, err := h.find(ctx, h.actor(g.who), key)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
