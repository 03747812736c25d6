package claim

import "hsconnect/internal/id"

// Query is a query with what stands in its places, and the index by which it
// goes, as each engine calls it.
type Query struct {
	Text string
	Args []any
	By   []string
}

// NumberQueries gives the queries of a search by number.
func NumberQueries(org id.Organization, number string) ([]Query, error) {
	text, args, err := some([]ID{"00000000000000000000000017"}).query(org, "")
	return []Query{
		{byPlan, []any{fold(number)}, []string{"(number_folded=?)", "claim_number_folded_key"}},
		{byOffice, []any{string(org), fold(number), PageSize}, []string{"claim_party_number", "claim_party_number"}},
		{text, args, []string{"claim_party_claim (claim=?)", "claim_party_claim"}},
	}, err
}
