package account

import (
	"slices"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// SamePerson reports whether two accounts belong to one person as far as
// their e-mail addresses and names tell. Two people of one name count as one:
// where two are needed, a third is asked for.
func SamePerson(tx *db.Tx, a, b id.Person) (bool, error) {
	if a == b {
		return true, nil
	}
	one, err := personOf(tx, a)
	if err != nil {
		return false, err
	}
	other, err := personOf(tx, b)
	if err != nil {
		return false, err
	}
	return one.Email != "" && strings.EqualFold(one.Email, other.Email) || sameName(one.Name, other.Name), nil
}

// OnePerson is SamePerson where one of the two may have no account, such as a
// program or the operator: whoever has none is the same as herself alone.
func OnePerson(tx *db.Tx, a, b id.Person) (bool, error) {
	same, err := SamePerson(tx, a, b)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return same, err
}

func sameName(a, b string) bool {
	return strings.EqualFold(strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " "))
}

// StaffWho gives the plan's people with an active account who have a
// permission, in order of their ids.
func StaffWho(tx *db.Tx, may access.Permission) ([]Person, error) {
	all, err := db.Collect(scanPerson)(tx.Rows("select "+personColumns+atHome+"where p.side = $1 and p.state = $2 and m.state = $3 order by p.id",
		int64(access.Plan), string(Active), string(MemberActive)))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(p Person) bool { return !p.actor().Has(may) }), nil
}
