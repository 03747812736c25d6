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
// with the facts that are shown.
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
	found, err := member.Get(tx, who, purpose, opened, m, ask.Shows...)
	if err != nil {
		return Sheet{}, err
	}
	return s.sheet(tx, who, purpose, found, ask.On, ask.Shows)
}

// InWindow answers as Sheet would whether eligibility may be asked for on a
// day.
func (s *Service) InWindow(tx *db.Tx, on civil.Date) error {
	return inWindow(on, civil.Of(tx.Now, s.Zone))
}
