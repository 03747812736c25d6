package watch

import (
	"slices"

	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// refsMost is how many lines of the ledger one suspicion keeps as its evidence.
const refsMost = 200

// keep writes down which lines of the ledger are the evidence of a case.
func keep(tx *db.Tx, c ID, refs []id.Disclosure) error {
	for _, ref := range refs[max(0, len(refs)-refsMost):] {
		err := tx.Later("insert into watch_ref (case_id, disclosure) values ($1, $2) on conflict (case_id, disclosure) do nothing", string(c), string(ref))
		if err != nil {
			return err
		}
	}
	return nil
}

// act opens a case for a suspicion and suspends the account where the rule
// says so. It reports false when the evidence was used in the meantime.
func (s *Service) act(tx *db.Tx, f suspicion) (bool, error) {
	used, err := usedUntil(tx, f.rule.Name, f.person)
	if err != nil || !used.Equal(f.since) {
		return false, err
	}
	p, err := account.Watched(tx, f.person)
	if fault.Is(err, fault.NotFound) {
		return false, nil // a program: the guard holds it, and it has no account to look at
	}
	if err != nil {
		return false, err
	}
	c, fresh, err := open(tx, self(), f.rule.Name, p, f.evidence)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec("insert into watch_evidence (rule, person, until_us, case_id) values ($1, $2, $3, $4) on conflict (rule, person, until_us) do nothing",
		string(f.rule.Name), string(f.person), db.Micros(f.until), string(c.ID))
	if err != nil || n == 0 {
		return false, err
	}
	err = keep(tx, c.ID, f.refs)
	if err != nil {
		return false, err
	}
	suspended, err := s.suspend(tx, f, p, c, fresh)
	if err != nil || !suspended && !fresh {
		return true, err
	}
	if slices.Contains(Probing(), f.rule.Name) {
		err = s.tellPrivacy(tx, c)
		if err != nil {
			return false, err
		}
	}
	if !suspended {
		_, err = s.tellDesk(tx, c, "Incident about "+p.Username, "A rule has opened an incident about the account "+p.Username+". The account was not suspended by it.",
			"Cause: "+string(c.Cause)+".")
		return true, err
	}
	return true, s.announce(tx, p, c, "account suspended", "Account suspended: "+p.Username,
		"A rule has suspended the account "+p.Username+". The person may call.",
		"Your account is suspended",
		"Your account was suspended because somebody else may be using it. Nothing that you entered is lost.",
		"Call "+s.call+". A person looks at it and opens it again where it was you.")
}

// suspend does what the rule says about the account, and writes down why not
// where it does not.
func (s *Service) suspend(tx *db.Tx, f suspicion, p account.Person, c Case, fresh bool) (bool, error) {
	keep := ""
	switch {
	case p.State != account.Active:
		keep = "it is " + string(p.State) + " already"
	case f.mild:
		keep = "what was seen is not enough for that"
	case !f.rule.Suspends:
		keep = "the rule opens an incident only"
	default:
		role, err := account.LastOf(tx, f.person)
		if err != nil {
			return false, err
		}
		if role != "" {
			keep = "nobody else could do the work of the " + string(role)
		}
	}
	if keep != "" {
		if !fresh {
			return false, nil
		}
		return false, note(tx, self(), c.ID, StepKept, keep)
	}
	err := account.Suspend(tx, self(), f.person, account.OnSuspicion, short(string(f.rule.Name)+": "+f.evidence))
	if err != nil {
		return false, err
	}
	_, err = tx.Exec("update watch_case set suspended = 1 where id = $1", string(c.ID))
	if err != nil {
		return false, err
	}
	return true, note(tx, self(), c.ID, StepSuspended, string(f.rule.Name))
}

// short keeps a text to what the reason of an account's state may be.
func short(text string) string {
	const most = 490
	runes := []rune(text)
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
