package privacy

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/civil"
	"hsconnect/internal/copies"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/glass"
	"hsconnect/internal/id"
	"hsconnect/internal/message"
	"hsconnect/internal/record"
	"hsconnect/internal/watch"
)

// Item is something that waits on the desk. Its words name no member.
type Item struct {
	Sort  string // which of Desk.Sorts
	What  string
	Since time.Time
	Due   time.Time // zero: no legal time
	Link  string    // address of the page where it is dealt with
	By    id.Person // whose doing it is: somebody else reviews it

	own bool // the reader's doing, under any account of hers
}

// source is one sort of thing that waits: what waits now, and how many were
// dealt with in a stretch of time (nil: counted with another sort). What only
// waits for its time is no part of the weekly review.
type source struct {
	sort    string
	weekly  bool
	waiting func(tx *db.Tx, who access.Actor) ([]Item, error)
	done    func(tx *db.Tx, who access.Actor, from, until time.Time) (int, error)
}

// SecondCopies is the sort of the copies that were printed again.
const SecondCopies = "Second copies"

// sources is everything that comes to the desk. What another package adds is
// one line here and one function beside the others.
func sources() []source {
	return []source{
		{"Break-glass to review", true, openingsWaiting, glass.Reviewed},
		{"Requests of members", true, requestsWaiting, requestsDone},
		{"Agreed to, not in effect", true, agreedWaiting, nil},
		{SecondCopies, true, copiesWaiting, copiesDone},
		{"Odd patterns", true, patternsWaiting, nil},
		{"Suspicions about accounts", true, suspicionsWaiting, watch.Reviewed},
		{"Stated visits drawn for a review", true, visitsWaiting, visitsDone},
		{"Held back from accountings", false, heldWaiting, nil},
	}
}

// openingsWaiting are restricted members that somebody opened with a reason.
func openingsWaiting(tx *db.Tx, _ access.Actor) ([]Item, error) {
	all, err := glass.ToReview(tx)
	out := make([]Item, 0, len(all))
	for _, o := range all {
		out = append(out, Item{What: o.Name + ", " + or(o.OrgName, "the plan") + ", opened a restricted member", Since: o.At, Link: "/plan/privacy/glass/" + string(o.ID), By: o.Person})
	}
	return out, err
}

func requestsWaiting(tx *db.Tx, _ access.Actor) ([]Item, error) {
	all, err := casesIn(tx, true)
	out := make([]Item, 0, len(all))
	for _, c := range all {
		what := "A member asks for: " + string(c.Kind)
		if c.Extended {
			what += " (extended)"
		}
		out = append(out, Item{What: what, Since: c.Received, Due: c.Limit, Link: "/plan/privacy/requests/" + string(c.ID)})
	}
	return out, err
}

func requestsDone(tx *db.Tx, _ access.Actor, from, until time.Time) (n int, err error) {
	err = tx.Row("select count(*) from privacy_case_state where pending = $1 and changed_us >= $2 and changed_us < $3", int64(0), db.Micros(from), db.Micros(until)).Scan(&n)
	return n, err
}

// copiesWaiting are printed copies after the one.
func copiesWaiting(tx *db.Tx, who access.Actor) ([]Item, error) {
	all, err := copies.New(copies.Deps{}).Second(tx, who, casesMost)
	out := make([]Item, 0, len(all))
	for _, c := range all {
		out = append(out, Item{What: c.Name + ", " + or(c.OrgName, "the plan") + ", printed copy " + strconv.Itoa(c.No) + " of one thing (" + c.Kind + ")",
			Since: c.At, Link: "/plan/copies/" + string(c.ID), By: c.Person})
	}
	return out, err
}

func copiesDone(tx *db.Tx, who access.Actor, from, until time.Time) (int, error) {
	return copies.New(copies.Deps{}).Reviewed(tx, who, from, until)
}

// patternsWaiting are odd ways of looking members up, each with its evidence
// behind the link.
func patternsWaiting(tx *db.Tx, who access.Actor) ([]Item, error) {
	all, err := watch.ForPrivacy(tx, who, casesMost)
	out := make([]Item, 0, len(all))
	for _, k := range all {
		out = append(out, caseItem(k.Case))
	}
	return out, err
}

// suspicionsWaiting are the other cases: accounts that somebody else may use,
// suspended or not.
func suspicionsWaiting(tx *db.Tx, who access.Actor) ([]Item, error) {
	all, err := watch.Waiting(tx, who)
	out := make([]Item, 0, len(all))
	for _, k := range all {
		if !slices.Contains(watch.Probing(), k.Cause) {
			out = append(out, caseItem(k))
		}
	}
	return out, err
}

func caseItem(k watch.Case) Item {
	what := capital(string(k.Cause)) + ": " + k.Username + ". " + k.Evidence
	if k.Suspended {
		what += " The account is suspended by it."
	}
	return Item{What: what, Since: k.Opened, Link: "/plan/incidents/" + string(k.ID), By: k.Person}
}

// heldWaiting are the lines that an agency holds back: they come back by
// themselves, and somebody should know when.
func heldWaiting(tx *db.Tx, who access.Actor) ([]Item, error) {
	all, err := disclosure.Suspended(tx, who, casesMost)
	out := make([]Item, 0, len(all))
	for _, o := range all {
		out = append(out, Item{What: "A disclosure (" + string(o.Basis) + ") is held back for " + o.Official, Since: o.At, Due: o.Suspended, Link: "/plan/privacy/outside/" + string(o.Member)})
	}
	return out, err
}

// Sort is one sort of thing on the desk.
type Sort struct {
	Name  string
	Items []Item // oldest first
	Own   int    // of them, those that the reader may not review
	Late  int
}

// Desk is what waits for the privacy officer.
type Desk struct {
	Sorts []Sort
	Week  *Week // the week to sign off; nil when every one is
	Last  []SignOff
}

// Week is a week that waits for its sign-off.
type Week struct {
	Monday   civil.Date
	Ended    time.Time // when the next one began
	Overdue  bool
	Reviewed int
	Left     int // what waits and began before the week's end, without Own
	Own      int // what the reader may not review herself
	Behind   int // more weeks after this one
}

// SignOff is a week that was signed.
type SignOff struct {
	Monday                   civil.Date
	Reviewed, Remaining, Own int
	Note                     string
	Name                     string
	At                       time.Time
}

const (
	week = 7 * 24 * time.Hour
	// signWithin is how long after its end a week may wait for its sign-off
	// (S-11, 45 CFR 164.308(a)(1)(ii)(D): regularly; weekly here).
	signWithin = week
	// weeksBack is how far back weeks are asked for that nobody has signed.
	weeksBack = 8
	notesMost = 20
)

// Desk gives what waits, oldest first, the week to sign off, and the last
// sign-offs. It takes the permission to review privacy.
func (s *Service) Desk(ctx context.Context, who access.Actor) (d Desk, err error) {
	err = who.May(access.ReviewPrivacy)
	if err != nil {
		return Desk{}, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		d, err = s.desk(tx, who)
		return err
	})
	return d, err
}

func (s *Service) desk(tx *db.Tx, who access.Actor) (Desk, error) {
	var d Desk
	hers := ownership(tx, who)
	for _, src := range sources() {
		items, err := src.waiting(tx, who)
		if err != nil {
			return Desk{}, err
		}
		one := Sort{Name: src.sort}
		for _, it := range items {
			it.Sort = src.sort
			it.own, err = hers(it.By)
			if err != nil {
				return Desk{}, err
			}
			if it.own {
				one.Own++
			}
			if !it.Due.IsZero() && tx.Now.After(it.Due) {
				one.Late++
			}
			one.Items = append(one.Items, it)
		}
		slices.SortStableFunc(one.Items, func(a, b Item) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Link, b.Link)) })
		d.Sorts = append(d.Sorts, one)
	}
	var err error
	d.Last, err = db.Collect(scanSignOff)(tx.Rows("select week, reviewed, remaining, own, note, name, at_us from privacy_signoff order by week desc limit $1", int64(notesMost)))
	if err != nil {
		return Desk{}, err
	}
	d.Week, err = s.nextWeek(tx, d.Last)
	if err != nil || d.Week == nil {
		return d, err
	}
	return d, s.count(tx, who, d.Sorts, d.Week)
}

func scanSignOff(r *sql.Rows) (SignOff, error) {
	var o SignOff
	var monday string
	var at int64
	err := r.Scan(&monday, &o.Reviewed, &o.Remaining, &o.Own, &o.Note, &o.Name, &at)
	if err != nil {
		return SignOff{}, err
	}
	o.At = db.Time(at)
	o.Monday, err = civil.Parse(monday)
	return o, err
}

// mondayOf gives the first day of a day's week.
func mondayOf(d civil.Date) civil.Date {
	return d.AddDays(-(int(d.Weekday()) + 6) % 7)
}

// nextWeek gives the oldest week that has ended and is not signed: after the
// last that is, or since the first line of the ledger, and never more than
// eight weeks back.
func (s *Service) nextWeek(tx *db.Tx, last []SignOff) (*Week, error) {
	current := mondayOf(s.today(tx))
	var monday civil.Date
	if len(last) > 0 {
		monday = last[0].Monday.AddDays(7)
	} else {
		first, err := disclosure.First(tx)
		if err != nil || first.IsZero() {
			return nil, err
		}
		monday = mondayOf(civil.Of(first, s.Zone))
	}
	if oldest := current.AddDays(-7 * weeksBack); monday.Before(oldest) {
		monday = oldest
	}
	if !monday.Before(current) {
		return nil, nil //nolint:nilnil // every week is signed
	}
	w := &Week{Monday: monday, Ended: monday.AddDays(7).In(s.Zone), Behind: monday.DaysUntil(current)/7 - 1}
	w.Overdue = tx.Now.After(w.Ended.Add(signWithin))
	return w, nil
}

// ownership tells whose doing is the actor's own, and asks for each person once.
func ownership(tx *db.Tx, who access.Actor) func(by id.Person) (bool, error) {
	asked := map[id.Person]bool{"": false}
	return func(by id.Person) (bool, error) {
		own, known := asked[by]
		if known {
			return own, nil
		}
		own, err := account.OnePerson(tx, by, who.Person)
		asked[by] = own
		return own, err
	}
}

// count says what was reviewed in the week and what of it is left.
func (s *Service) count(tx *db.Tx, who access.Actor, sorts []Sort, w *Week) error {
	for i, src := range sources() {
		if src.done != nil {
			n, err := src.done(tx, who, w.Monday.In(s.Zone), w.Ended)
			if err != nil {
				return err
			}
			w.Reviewed += n
		}
		if !src.weekly {
			continue
		}
		for _, it := range sorts[i].Items {
			switch {
			case !it.Since.Before(w.Ended):
			case it.own:
				w.Own++
			default:
				w.Left++
			}
		}
	}
	return nil
}

// SignOff keeps that who has reviewed a week's list, with what was left. It
// must be the week that waits. Where something is left, a note says why. What
// is her own doing counts apart: somebody else reviews it.
func (s *Service) SignOff(ctx context.Context, who access.Actor, monday civil.Date, note string) error {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		d, err := s.desk(tx, who)
		if err != nil {
			return err
		}
		if d.Week == nil || d.Week.Monday != monday {
			return fault.New(fault.Conflict, "This week was signed off meanwhile, or is not over. Look at the desk again")
		}
		text, problem := message.Clean("note", note)
		if problem == nil && text == "" && d.Week.Left+d.Week.Own > 0 {
			problem = &fault.Problem{Path: "note", Text: "Something of this week is left: say why, and who looks at it"}
		}
		if problem != nil {
			return fault.Bad(*problem)
		}
		return sign(tx, who, *d.Week, text)
	})
}

func sign(tx *db.Tx, who access.Actor, w Week, note string) error {
	raw, err := json.Marshal(map[string]any{"week": w.Monday.String(), "reviewed": w.Reviewed, "left": w.Left, "own": w.Own, "note": note, "overdue": w.Overdue})
	if err != nil {
		return err
	}
	kept, err := record.Append(tx, who, record.New{Subject: "review/" + w.Monday.String(), Kind: "privacy.signed-off", Body: raw})
	if err != nil {
		return err
	}
	n, err := tx.Exec(`insert into privacy_signoff (week, reviewed, remaining, own, note, person, name, entry, at_us) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (week) do nothing`, w.Monday.String(), int64(w.Reviewed), int64(w.Left), int64(w.Own), note, string(who.Person), who.Name, string(kept.Entry), db.Micros(tx.Now))
	if err == nil && n == 0 {
		return fault.New(fault.Conflict, "This week was signed off just now by somebody else")
	}
	return err
}

func capital(text string) string {
	if text == "" || text[0] < 'a' || text[0] > 'z' {
		return text
	}
	return string(text[0]-'a'+'A') + text[1:]
}
