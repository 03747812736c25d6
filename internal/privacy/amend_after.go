package privacy

import (
	"context"
	"slices"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/message"
	"hsconnect/internal/priorauth"
)

// appendSaid appends the denial and what was said after it to a part that is
// named late. The thread of its request is told once.
func (s *Service) appendSaid(tx *db.Tx, who access.Actor, c Case, st priorauth.State, l Link, linked []Link) error {
	events, err := eventsOf(tx, c.ID)
	if err != nil {
		return err
	}
	told := slices.ContainsFunc(linked, func(x Link) bool { return x.Request == l.Request })
	for i, e := range events {
		what, ok := map[string]string{string(Denied): deniedWords, "statement": statementWords, "rebuttal": rebuttalWords}[e.Kind]
		if !ok {
			continue
		}
		entry, err := appendTo(tx, who, c, l, "amendment."+e.Kind, what, e.Text)
		switch {
		case err != nil:
			return err
		case told:
		case e.Kind == string(Denied):
			err = priorauth.Remark(tx, who, st, "amendment", "The request to amend this record was denied", false, entry)
		default:
			err = s.tellOffice(tx, who, st, what+" is part of this record", afterWords(c, e.Kind, what, e.Text, events[:i]))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// The words under which the record keeps the answer and what follows it.
const (
	deniedWords    = "Amendment denied"
	statementWords = "A member's statement of disagreement"
	rebuttalWords  = "The plan's rebuttal"
)

// Disagree keeps a member's statement of disagreement with a denial, and
// Rebut the plan's answer to it (45 CFR 164.526(d)(2), (3)). Both are appended
// to the record for each part that is named and told in the threads, with the
// request and the denial, so that whoever sees the one sees all.
func (s *Service) Disagree(ctx context.Context, who access.Actor, ref ID, version int64, text string) error {
	return s.after(ctx, who, ref, version, "statement", statementWords, text)
}

// Rebut keeps the plan's rebuttal; see Disagree.
func (s *Service) Rebut(ctx context.Context, who access.Actor, ref ID, version int64, text string) error {
	return s.after(ctx, who, ref, version, "rebuttal", rebuttalWords, text)
}

func (s *Service) after(ctx context.Context, who access.Actor, ref ID, version int64, kind, what, text string) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		c, err := caseOf(tx, who, ref, version)
		if err != nil {
			return err
		}
		if c.Kind != Amendment || c.Outcome != Denied {
			return fault.New(fault.Conflict, "A statement or a rebuttal belongs to an amendment that was denied")
		}
		text, problem := message.Clean("text", text)
		if problem == nil && text == "" {
			problem = &fault.Problem{Path: "text", Text: "Write down the statement"}
		}
		if problem != nil {
			return fault.Bad(*problem)
		}
		before, err := eventsOf(tx, ref)
		if err != nil {
			return err
		}
		if kind == "rebuttal" && !slices.ContainsFunc(before, func(e Event) bool { return e.Kind == "statement" }) {
			return fault.New(fault.Conflict, "There is no statement of disagreement to rebut")
		}
		linked, err := linksOf(tx, ref)
		if err != nil {
			return err
		}
		_, err = appendToAll(tx, who, c, linked, "amendment."+kind, what, text)
		if err != nil {
			return err
		}
		err = each(linked, func(l Link) error {
			st, err := priorauth.StateOf(tx, who, l.Number, 0)
			if err != nil {
				return err
			}
			return s.tellOffice(tx, who, st, what+" is part of this record", afterWords(c, kind, what, text, before))
		})
		if err != nil {
			return err
		}
		_, err = step(tx, who, &c, kind, text, nil)
		return err
	})
}

// afterWords says a statement or a rebuttal in a thread. The first statement
// takes the request and the denial with it.
func afterWords(c Case, kind, what, text string, before []Event) string {
	told := what + ": " + text
	if kind == "statement" && !slices.ContainsFunc(before, func(e Event) bool { return e.Kind == kind }) {
		denial := ""
		for _, e := range before {
			if e.Kind == string(Denied) {
				denial = e.Text
			}
		}
		told = shorten("The member asked to amend this record: "+c.Asked, 3000) + "\n\n" + shorten("The plan denied it: "+denial, 3000) + "\n\n" + shorten(told, 3500)
	}
	return shorten(told, 9900)
}

// shorten keeps a text within what a message holds; the whole of it is in the
// record of the same request.
func shorten(text string, most int) string {
	r := []rune(text)
	if len(r) <= most {
		return text
	}
	return string(r[:most]) + " … (the rest is in the record)"
}
