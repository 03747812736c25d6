package review

import (
	"context"
	"encoding/json"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/record"
	"hsconnect/internal/sensitive"
)

// Label protects a request specially, beside what the list of codes does
// (Q-03, 42 CFR 2.12(d)(2)(i)(C)): for services whose codes tell nothing. A
// label is never taken off again, and decided requests take one too.
func (s *Service) Label(ctx context.Context, who access.Actor, number id.Number, labels []string) error {
	var cats []sensitive.Category
	for _, text := range labels {
		c, ok := sensitive.ParseCategory(text)
		if !ok {
			return fault.Bad(fault.Problem{Path: "labels", Text: "Choose from the list"})
		}
		cats = append(cats, c)
	}
	cats = sensitive.Join(cats)
	if len(cats) == 0 {
		return fault.Bad(fault.Problem{Path: "labels", Text: "Choose what the services are"})
	}
	return s.step(ctx, who, number, 0, func(tx *db.Tx, st priorauth.State) error {
		subject := "request/" + string(st.Request)
		set, err := sensitive.Labels(tx, subject)
		if err != nil || len(sensitive.Join(set, cats)) == len(set) {
			return err // it has them: a second press changes nothing
		}
		err = sensitive.Mark(tx, who, subject, cats...)
		if err != nil {
			return err
		}
		words := make([]string, len(cats))
		for i, c := range cats {
			words[i] = c.Words()
		}
		body, err := json.Marshal(map[string]any{"labels": words})
		if err != nil {
			return err
		}
		kept, err := record.Append(tx, who, record.New{Subject: subject, Kind: "request.labelled", Body: body})
		if err != nil {
			return err
		}
		return priorauth.Remark(tx, who, st, "labelled", "Protected specially: "+strings.Join(words, ", "), true, kept.Entry)
	})
}
