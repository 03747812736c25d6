package coverage

import (
	"hsconnect/internal/civil"
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
	return append([]member.TieFinder{s.onPanel}, s.Ties...)
}

// onPanel finds that the member's primary care provider of today practises at
// the organization, as the plan's directory has it now, and that the member is
// medically covered or was in the last twelve months. Who is announced for a
// later day is not the provider yet. It reads as much for nobody as for
// somebody.
func (s *Service) onPanel(tx *db.Tx, org id.Organization, m id.Member) (member.Tie, bool, error) {
	today := civil.Of(tx.Now, s.Zone)
	first, _ := window(today)
	var npi code.NPI
	var covered bool
	err := tx.Row(`select coalesce((select npi from coverage_pcp_span
			where member = $1 and closed_us = 0 and from_on <= $2 and to_on >= $3 order by from_on desc limit 1), ''),
		exists (select 1 from coverage_span where member = $4 and line = $5 and closed_us = 0 and to_on >= $6)`,
		string(m), today.String(), today.String(), string(m), string(Medical), first.String()).Scan(&npi, &covered)
	if err != nil {
		return "", false, err
	}
	p, err := provider.Find(tx, npi)
	if fault.Is(err, fault.NotFound) {
		return "", false, nil
	}
	return member.TiePanel, err == nil && covered && p.Org == org, err
}
