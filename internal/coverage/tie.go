package coverage

import (
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/provider"
)

// ties gives everything that is asked for a reason why an office may see a
// member.
func (s *Service) ties() []member.TieFinder {
	return append([]member.TieFinder{onPanel}, s.Ties...)
}

// onPanel finds that the member's primary care provider practises at the
// organization, as the plan's directory has it now. It reads as much for
// nobody as for somebody.
func onPanel(tx *db.Tx, org id.Organization, m id.Member) (member.Tie, bool, error) {
	var npi code.NPI
	err := tx.Row("select npi from coverage_pcp where member = $1", string(m)).Scan(&npi)
	if err != nil && !db.NoRows(err) {
		return "", false, err
	}
	p, err := provider.Find(tx, npi)
	if fault.Is(err, fault.NotFound) {
		return "", false, nil
	}
	return member.TiePanel, err == nil && p.Org == org, err
}
