package priorauth

import (
	"context"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/document"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/sensitive"
)

// Protected gives the protected categories that a request belongs to, by its
// codes and by the plan's own labels. It shows nobody anything: whoever prints
// or sends a request puts sensitive.Notice of them on it (Q-04, 42 CFR 2.32).
func Protected(tx *db.Tx, request id.Request) ([]sensitive.Category, error) {
	var diagnoses string
	err := tx.Row("select diagnoses from request where id = $1", string(request)).Scan(&diagnoses)
	if db.NoRows(err) {
		return nil, errNoRequest
	}
	if err != nil {
		return nil, err
	}
	lines, err := linesOf(tx, request)
	if err != nil {
		return nil, err
	}
	var list []Diagnosis
	for _, d := range strings.Fields(diagnoses) {
		list = append(list, Diagnosis{Code: d})
	}
	return protection(tx, request, list, lines)
}

func protection(tx *db.Tx, request id.Request, diagnoses []Diagnosis, lines []Line) ([]sensitive.Category, error) {
	codes := make([]sensitive.Code, 0, len(diagnoses)+len(lines))
	for _, d := range diagnoses {
		codes = append(codes, sensitive.Code{System: code.ICD10CM, Code: d.Code})
	}
	for _, l := range lines {
		codes = append(codes, sensitive.Code{System: l.System, Code: l.Code})
	}
	byCode, err := sensitive.Of(tx, codes)
	if err != nil {
		return nil, err
	}
	set, err := sensitive.Labels(tx, subject(request))
	if err != nil {
		return nil, err
	}
	return sensitive.Join(byCode, set), nil
}

// ProtectedDocument gives the protected categories of the request that a
// document was sent with, to somebody who may open the document, and writes
// down that they were told. It is empty for a document that needs no notice,
// and for one that is not the actor's to open, or not without an open glass.
func (s *Service) ProtectedDocument(ctx context.Context, who access.Actor, doc id.Document) (found []sensitive.Category, err error) {
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		found = nil
		d, err := document.Find(tx, who, doc)
		if _, refused := member.Missed(err, disclosure.Look{}); refused {
			return nil // opening it says so, and writes it down
		}
		if err != nil {
			return err
		}
		request, err := document.SentWith(tx, d)
		if err != nil || request == "" {
			return err
		}
		found, err = Protected(tx, request)
		if err != nil || len(found) == 0 {
			return err
		}
		return document.Shown(tx, who, doc, "notice/document/"+string(d.ID))
	})
	return found, err
}
