package claim

import (
	"slices"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
	"hsconnect/internal/provider"
	"hsconnect/internal/sensitive"
)

// parties are who a claim is about, as far as the portal has them.
type parties struct {
	member       id.Member
	billingOrg   id.Organization
	renderingOrg id.Organization
}

func (p parties) orgs() []id.Organization {
	var out []id.Organization
	if p.billingOrg != "" {
		out = append(out, p.billingOrg)
	}
	if p.renderingOrg != "" && p.renderingOrg != p.billingOrg {
		out = append(out, p.renderingOrg)
	}
	return out
}

// billed is who billed and who gave a service, as a statement names them.
type billed struct {
	billing   code.NPI
	tin       code.TIN
	rendering code.NPI
}

// finder finds the organizations of claims in the directory.
type finder struct {
	provider.Owned

	people map[code.NPI]id.Organization // practitioners met so far; "" for one we do not have
}

// finders reads the organizations once for many claims.
func finders(tx *db.Tx, who access.Actor) (finder, error) {
	owned, err := provider.Owners(tx, who)
	return finder{Owned: owned, people: map[code.NPI]id.Organization{}}, err
}

// meet reads the practitioners that have not been met yet.
func (f finder) meet(tx *db.Tx, all []billed) error {
	var npis []code.NPI
	for _, b := range all {
		for _, npi := range []code.NPI{b.billing, b.rendering} {
			_, met := f.people[npi]
			_, org := f.ByNPI[npi]
			if npi != "" && !met && !org {
				npis = append(npis, npi)
				f.people[npi] = ""
			}
		}
	}
	found, err := provider.FindAll(tx, npis...)
	for npi, p := range found {
		f.people[npi] = p.Org
	}
	return err
}

// biller gives the organization that billed: by its NPI, or by a tax number
// that no other has.
func (f finder) biller(b billed) id.Organization {
	if org := f.ByNPI[b.billing]; org != "" {
		return org
	}
	return f.ByTIN[b.tin]
}

// giver gives the organization whose practitioner gave the service, if it is a
// party: the directory tells where somebody works today, and not for whom the
// service was given. So it is one only when the bill is its own: when biller is
// that organization or of the same tax number, or when the practitioner has
// billed by her own NPI.
func (f finder) giver(b billed, biller id.Organization) id.Organization {
	org := f.ByNPI[b.rendering]
	if org == "" {
		org = f.people[b.rendering]
	}
	own := f.TIN[org]
	switch {
	case org == "":
	case biller == org, own != "" && (b.tin == own || f.TIN[biller] == own), biller == "" && b.tin == "" && f.people[b.billing] == org:
		return org
	}
	return ""
}

// suspect is what tells whether a claim is withheld from a party.
type suspect struct {
	id        ID
	biller    id.Organization
	detail    string // statement with the lines
	diagnoses []string
}

// withheld gives those of the claims that a party is not told of: what the law
// protects specially is shown to who billed it and to nobody else.
func withheld(tx *db.Tx, org id.Organization, all ...suspect) (map[ID]bool, error) {
	all = slices.DeleteFunc(all, func(s suspect) bool { return s.biller == org })
	out := make(map[ID]bool, len(all))
	if len(all) == 0 {
		return out, nil
	}
	codes := make([][]sensitive.Code, len(all))
	for i, s := range all {
		lines, _, err := linesOf(tx, s.detail)
		if err != nil {
			return nil, err
		}
		codes[i] = sensitiveCodes(s.diagnoses, lines)
	}
	byCode, err := sensitive.OfEach(tx, codes)
	if err != nil {
		return nil, err
	}
	for i, s := range all {
		set, err := sensitive.Labels(tx, subject(s.id))
		if err != nil {
			return nil, err
		}
		out[s.id] = sensitive.Withhold(sensitive.Join(byCode[i], set), org, s.biller)
	}
	return out, nil
}

// subject is what the ledger and the labels call a claim.
func subject(c ID) string { return "claim/" + string(c) }
