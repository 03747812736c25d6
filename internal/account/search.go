package account

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/factor"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// searchMost is how many accounts a search gives.
const searchMost = 50

// maySearch lets those find accounts who manage them or may suspend them.
func maySearch(who access.Actor) error {
	if who.Has(access.ManageAccounts) {
		return nil
	}
	return who.May(access.SuspendAccess)
}

// Search finds accounts, by username and at most 50: each word of text has to
// start the username, the e-mail address, or a word of the name or of the name
// of an organization. Case and accents do not matter. more says that others
// match as well. A text of fewer than two letters is Invalid.
func (s *Service) Search(ctx context.Context, who access.Actor, text string) (found []Person, more bool, err error) {
	err = maySearch(who)
	if err != nil {
		return nil, false, err
	}
	wanted := strings.Fields(searchable(text))
	if len([]rune(strings.Join(wanted, ""))) < 2 {
		return nil, false, fault.Bad(fault.Problem{Path: "text", Text: "Type at least two letters of a name, username, e-mail address or organization"})
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		ids, err := matching(tx, wanted)
		if err != nil {
			return err
		}
		more = len(ids) > searchMost
		found = make([]Person, 0, min(len(ids), searchMost))
		for _, p := range ids[:min(len(ids), searchMost)] {
			one, err := personOf(tx, p)
			if err != nil {
				return err
			}
			found = append(found, one)
		}
		return nil
	})
	return found, more, err
}

// matching gives the accounts that all words fit, by username, and stops when
// there are more than can be shown. The engines fold text differently, so it
// reads names and folds them here.
func matching(tx *db.Tx, wanted []string) (found []id.Person, err error) {
	rows, err := tx.Rows(`select p.id, p.username_key, p.name, p.email, m.org_name
		from account_person p join account_membership m on m.person = p.id order by p.username_key, p.id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() && len(found) <= searchMost {
		var p id.Person
		var username, name, email, org string
		err = rows.Scan(&p, &username, &name, &email, &org)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 && found[len(found)-1] == p { // another organization of hers
			continue
		}
		if fits(wanted, username, searchable(email), searchable(name), searchable(org)) {
			found = append(found, p)
		}
	}
	return found, rows.Err()
}

func fits(wanted []string, username, email, name, org string) bool {
	words := append([]string{username, email}, strings.FieldsFunc(name+" "+org, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })...)
	words = append(words, strings.Fields(name+" "+org)...) // also as written: "O'Brien", "St."
	for _, w := range wanted {
		if !slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(word, w) }) {
			return false
		}
	}
	return true
}

// unaccented are the letters that are no letter with an accent to Unicode.
var unaccented = strings.NewReplacer("ß", "ss", "ø", "o", "ł", "l", "đ", "d", "æ", "ae", "œ", "oe", "ı", "i", "þ", "th", "ð", "d")

// searchable folds case and accents. ASCII, most of what there is, is quick.
func searchable(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) {
		return strings.ToLower(text)
	}
	bare := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(strings.ToLower(text)))
	return unaccented.Replace(bare)
}

// File is an account as those see it who help its owner: nothing in it opens
// the account, and nothing is about a member.
type File struct {
	Person
	Memberships []Membership
	Factors     factor.State // what there is, no secret
	Sessions    int64        // open
	Failures    int64        // counted on the account by the throttle
	Shut        bool         // failed so often that only "open sign-in again" helps
	Events      []Event      // the newest 50

	Actors map[id.Person]string // usernames of who did them
}

// File gives an account's file, to who may search accounts.
func (s *Service) File(ctx context.Context, who access.Actor, person id.Person) (f File, err error) {
	err = maySearch(who)
	if err != nil {
		return File{}, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		f, err = s.file(tx, person)
		return err
	})
	return f, err
}

func (s *Service) file(tx *db.Tx, person id.Person) (f File, err error) {
	f.Person, err = personOf(tx, person)
	if err != nil {
		return File{}, err
	}
	f.Memberships, err = memberships(tx, person)
	if err != nil {
		return File{}, err
	}
	if s.factors != nil {
		f.Factors, err = s.factors.Of(tx, person)
		if err != nil {
			return File{}, err
		}
	}
	f.Sessions, err = SessionsOpen(tx, person)
	if err != nil {
		return File{}, err
	}
	err = tx.Row("select coalesce(max(failures), 0) from account_throttle where person = $1", string(person)).Scan(&f.Failures)
	if err != nil {
		return File{}, err
	}
	f.Shut = f.Failures >= shutAfter
	f.Events, err = db.Collect(func(r *sql.Rows) (Event, error) { return scanEvent(r) })(tx.Rows(`select kind, person, actor, reason, session, address, agent, at_us
		from account_event where person = $1 order by at_us desc, id desc limit 50`, string(person)))
	if err != nil {
		return File{}, err
	}
	f.Actors, err = usernames(tx, f.Events)
	return f, err
}

// usernames names who did what happened. The portal and its operator have no account.
func usernames(tx *db.Tx, events []Event) (map[id.Person]string, error) {
	names := map[id.Person]string{}
	for _, e := range events {
		if e.Actor == "" || names[e.Actor] != "" {
			continue
		}
		names[e.Actor] = string(e.Actor)
		var username string
		err := tx.Row("select username from account_person where id = $1", string(e.Actor)).Scan(&username)
		switch {
		case err == nil:
			names[e.Actor] = username
		case !db.NoRows(err):
			return nil, err
		}
	}
	return names, nil
}

// EndSessions ends every session of somebody else's account, with the reason,
// and gives how many there were.
func (s *Service) EndSessions(ctx context.Context, who access.Actor, person id.Person, reason string) (ended int64, err error) {
	reason, err = cleanReason(reason)
	if err != nil {
		return 0, err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		p, err := personOf(tx, person)
		if err != nil {
			return err
		}
		err = maySuspend(who, p)
		if err != nil {
			return err
		}
		ended, err = endAll(tx, person, "", endedAll)
		if err != nil {
			return err
		}
		return s.done(tx, who, SessionsEnded, person, reason)
	})
	return ended, err
}

// EndedEverywhere reports whether the session of a token was ended with all
// others of its account within the last ten minutes: whoever holds it has just
// pressed the button, perhaps twice.
func (s *Service) EndedEverywhere(ctx context.Context, token string) (ended bool, err error) {
	if !wellFormed(token) {
		return false, nil
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		r, err := sessionOf(tx, token)
		if fault.Is(err, fault.Unauthenticated) {
			return nil
		}
		ended = err == nil && r.why == endedAll && tx.Now.Sub(r.ended) < StrongFor
		return err
	})
	return ended, err
}
