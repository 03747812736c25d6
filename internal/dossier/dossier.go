// Package dossier puts together the complete certified record of a request:
// every entry with its proof, the documents' original bytes, and a PDF to
// read. It promises that what it writes can be checked offline with the
// plan's public key (L-05, FRE 902(13)), that the PDF says only what the
// entries say, and that the export is written down before it is made.
package dossier

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/document"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/message"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/record"
	"hsconnect/internal/sensitive"
)

// Deps is what the service stands on.
type Deps struct {
	DB        *db.DB
	Record    *record.Log
	Documents *document.Service
	Plan      string // name, for the PDF
	Zone      *time.Location
}

// Service does what this package promises.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{Deps: d} }

// Export writes the record of a request as one zip file, in the format of
// docs/record-format.md.
func (s *Service) Export(ctx context.Context, who access.Actor, number id.Number, w io.Writer) error {
	return s.export(ctx, who, number, nil, w)
}

// Proceeding is a legal proceeding that a record is exported for.
type Proceeding struct {
	Order string // the court order and the subpoena, by what they are known by
}

// ExportFor is Export for a legal proceeding. A record of substance use
// treatment is not given to one without a court order and a subpoena (42 CFR
// 2.12(d)(1), 2.61); that it was refused, or given and under which, is kept.
func (s *Service) ExportFor(ctx context.Context, who access.Actor, number id.Number, p Proceeding, w io.Writer) error {
	order, problem := message.Clean("order", p.Order)
	if problem != nil {
		return fault.Bad(*problem)
	}
	return s.export(ctx, who, number, &Proceeding{Order: order}, w)
}

var errProceeding = fault.New(fault.Forbidden, "This record tells of substance use treatment. For a legal proceeding it takes a court order and a subpoena (42 CFR 2.61): ask the plan's counsel, and name both")

func (s *Service) export(ctx context.Context, who access.Actor, number id.Number, p *Proceeding, w io.Writer) error {
	err := who.May(access.ReadRecord)
	if err != nil {
		return err
	}
	refused := false
	var request id.Request
	var docs []document.Document
	var now time.Time
	var labels []sensitive.Category
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		now, refused = tx.Now, false
		st, err := priorauth.StateOf(tx, who, number, 0)
		if err != nil {
			return err
		}
		request = st.Request
		labels, err = priorauth.Protected(tx, request)
		if err != nil {
			return err
		}
		look := disclosure.Look{Member: st.Member, Subject: "record/" + string(request), Purpose: access.Operations, Outcome: disclosure.Shown,
			Fields: []access.Field{access.FieldName, access.FieldBirth, access.FieldMemberID, access.FieldRequests}}
		refused = p != nil && p.Order == "" && slices.Contains(labels, sensitive.SubstanceUse)
		if refused {
			look.Outcome, look.Fields = disclosure.Refused, nil
		}
		_, err = disclosure.Write(tx, who, look)
		if err != nil || refused {
			return err
		}
		if p != nil {
			err = p.keep(tx, who, request)
			if err != nil {
				return err
			}
		}
		docs, err = document.OfRequest(tx, who, request)
		return err
	})
	switch {
	case err != nil:
		return err
	case refused:
		return errProceeding // told after the attempt is committed
	}
	a, err := s.Record.Gather(ctx, string(number), "request/"+string(request))
	if err != nil {
		return err
	}
	a.Made = now
	for _, d := range docs {
		f, err := s.file(ctx, d)
		if err != nil {
			return err
		}
		a.Documents = append(a.Documents, f)
	}
	var page bytes.Buffer
	err = s.render(&page, a, docs, labels, who)
	if err != nil {
		return err
	}
	a.PDF = page.Bytes()
	return record.WriteArchive(w, a)
}

// keep enters into the record of a request that it was given to a proceeding.
func (p Proceeding) keep(tx *db.Tx, who access.Actor, request id.Request) error {
	body, err := json.Marshal(map[string]any{"what": "The record was exported for a legal proceeding", "request": request, "details": map[string]string{"reason": p.Order}})
	if err != nil {
		return err
	}
	_, err = record.Append(tx, who, record.New{Subject: "request/" + string(request), Kind: "record.proceeding", Body: body})
	return err
}

// file gives a document as a file of the archive.
func (s *Service) file(ctx context.Context, d document.Document) (record.File, error) {
	f := record.File{Title: d.Name, Ext: extension(d.Name), Open: func() (io.ReadCloser, error) { return s.Documents.Bytes(ctx, d) }}
	digest, err := hex.DecodeString(d.Digest)
	if err != nil {
		return record.File{}, err
	}
	copy(f.Digest[:], digest)
	return f, nil
}

func extension(name string) string {
	i := strings.LastIndexByte(name, '.')
	return name[i+1:]
}
