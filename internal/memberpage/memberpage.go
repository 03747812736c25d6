// Package memberpage reads everything that a member's own page shows: the
// eligibility on a day, the office's requests, drafts and claims, and how many
// copies it has. It promises one transaction: what stands on the page is of
// one moment, and the lines of the ledger for all of it are committed together
// before any of it is shown.
package memberpage

import (
	"context"

	"hsconnect/internal/access"
	"hsconnect/internal/claim"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
	"hsconnect/internal/printout"
	"hsconnect/internal/priorauth"
)

// Deps is what the service stands on.
type Deps struct {
	Coverage  *coverage.Service
	Priorauth *priorauth.Service
	Printout  *printout.Service
}

// Service does what this package promises.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{Deps: d} }

// Page is what the page shows. What the actor may not see is empty.
type Page struct {
	Sheet  coverage.Sheet
	Work   priorauth.MemberWork
	Claims claim.Page // the newest of the office
	Copies int        // of the eligibility in the month of the day, that the organization has
}

// claimRows is how many claims stand on the page.
const claimRows = 10

// Open gives the page of a member. It answers as coverage.Service.Sheet does.
func (s *Service) Open(ctx context.Context, who access.Actor, m id.Member, ask coverage.Ask) (Page, error) {
	var out Page
	sheet, err := s.Coverage.SheetWith(ctx, who, m, ask, func(tx *db.Tx, sheet coverage.Sheet) error {
		out = Page{}
		var err error
		out.Work, err = s.Priorauth.OfMember(tx, who, sheet.Purpose, m)
		if err != nil {
			return err
		}
		if who.Has(access.ViewClaims) {
			out.Claims, err = claim.OfMember(tx, who, sheet.Purpose, m, claimRows)
			if err != nil {
				return err
			}
		}
		out.Copies, err = s.Printout.Given(tx, who, printout.Eligibility, printout.CountedAs(m, sheet.On))
		return err
	})
	if err != nil {
		return Page{}, err
	}
	out.Sheet = sheet
	return out, nil
}
