package coverage

import (
	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
)

// SheetFor is Sheet inside a transaction of the caller's, who shows it in
// another way than on the member's page: the ledger names that as the subject,
// with the facts that are shown. It answers Invalid for a day before the
// member's birth, and nothing of the caller's transaction may stay then.
func (s *Service) SheetFor(tx *db.Tx, who access.Actor, m id.Member, opened string, ask Ask) (Sheet, error) {
	err := who.May(access.LookUpMember)
	if err != nil {
		return Sheet{}, err
	}
	err = inWindow(ask.On, civil.Of(tx.Now, s.Zone))
	if err != nil {
		return Sheet{}, err
	}
	purpose := purposeOr(who, ask.Purpose)
	a := asked{on: ask.On, shows: ask.Shows, confirmed: []access.Field{access.FieldBirth}}
	found, err := member.GetChosen(tx, who, purpose, opened, m, a.choose, ask.Shows...)
	if err != nil {
		return Sheet{}, err
	}
	if a.unborn {
		return Sheet{}, errUnborn
	}
	return s.sheet(tx, who, purpose, found, &a)
}

// InWindow answers as Sheet would whether eligibility may be asked for on a
// day.
func (s *Service) InWindow(tx *db.Tx, on civil.Date) error {
	return inWindow(on, civil.Of(tx.Now, s.Zone))
}
