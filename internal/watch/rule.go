package watch

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// The rules. The name of a rule is the cause of the cases it opens.
const (
	Failures  Cause = "failures, then a new network"
	TwoPlaces Cause = "two places at once"
	Travel    Cause = "fast change of networks"
	LookUps   Cause = "many members looked up"
	Misses    Cause = "many look-ups in vain"
	Night     Cause = "use at night"
	AfterEnd  Cause = "use after the account was closed"

	Slowed        Cause = "look-ups slowed"
	Stopped       Cause = "look-ups stopped for the day"
	Spread        Cause = "look-ups in vain by one office"
	WrongPairs    Cause = "right numbers with wrong birth dates"
	Sequences     Cause = "numbers that follow one another"
	Volume        Cause = "far more members than usual"
	SameSurname   Cause = "members of the same last name"
	StaffAsMember Cause = "colleagues looked up as members"
)

// Probing gives the rules about how members are looked up. What they find is
// told to the privacy officers as well.
func Probing() []Cause {
	return []Cause{LookUps, Misses, Stopped, Spread, WrongPairs, Sequences, Volume, SameSurname, StaffAsMember}
}

// Rule is one rule of automatic suspension, as it is in force. Which of the
// numbers it uses, and what they mean, say Counts, Minutes and Hours.
type Rule struct {
	Name     Cause
	Enabled  bool
	Suspends bool // otherwise it opens an incident and tells the HelpDesk only
	Most     int  // it takes more than this many
	Minutes  int  // within this many minutes
	FromHour int  // of the night: its first hour, 0 to 23, in the plan's time zone
	ToHour   int  // the first hour that is day again

	Version     int64     // of the setting that was looked at; 0: as it was shipped
	Changed     time.Time // zero: as it was shipped
	ChangedName string
	Reason      string
}

// Meaning is a rule in words.
type Meaning struct {
	What   string // what it looks for
	Honest string // what it cannot know, and whom it may hit
	Counts string // what Most counts; "" for a rule without it
	Within string // what Minutes bounds; "" for a rule without it
	Hours  bool   // whether the rule has a night
	Acts   bool   // whether there is anything to suspend
}

// Defaults gives the rules as they are shipped, in the order a page shows them.
func Defaults() []Rule {
	return []Rule{
		{Name: Failures, Enabled: true, Suspends: true, Most: 7, Minutes: 30},
		{Name: TwoPlaces, Enabled: true, Suspends: true, Minutes: 2},
		{Name: Travel, Enabled: true, Suspends: true, Most: 1, Minutes: 5},
		{Name: LookUps, Enabled: true, Suspends: true, Most: 100, Minutes: 60},
		{Name: Misses, Enabled: true, Suspends: true, Most: 40, Minutes: 60},
		{Name: Night, Suspends: true, FromHour: 23, ToHour: 5},
		{Name: AfterEnd, Enabled: true},
		// A clerk with twenty requests before lunch and a list of which every
		// third row is outdated, each tried twice, has some ten look-ups in vain
		// in her worst hour. The first waits are 2, 4 and 8 seconds.
		{Name: Slowed, Enabled: true, Most: 10, Minutes: 60},
		// Three such hours of nothing but outdated rows.
		{Name: Stopped, Enabled: true, Suspends: true, Most: 30},
		// More than two people at their own brake can make in an hour.
		{Name: Spread, Enabled: true, Most: 50, Minutes: 60},
		// One birth date in thirty is mistyped: ten are three hundred look-ups, or
		// a list with day and month changed, which somebody should mend.
		{Name: WrongPairs, Enabled: true, Suspends: true, Most: 10, Minutes: 24 * 60},
		// Trying what a smudged digit may be gives two or three.
		{Name: Sequences, Enabled: true, Suspends: true, Most: 6, Minutes: 24 * 60},
		{Name: Volume, Enabled: true, Most: 5},
		{Name: SameSurname, Enabled: true, Most: 2, Minutes: 24 * 60},
		{Name: StaffAsMember, Enabled: true, Most: 0, Minutes: 24 * 60},
	}
}

// Meaning says what the rule looks for.
func (r Rule) Meaning() Meaning {
	switch r.Name {
	case Failures:
		return Meaning{What: "Sign-ins fail again and again, and then one succeeds from a network that the account was not used from in 90 days.",
			Honest: "Somebody who has forgotten the password while travelling looks the same. A first sign-in never counts.",
			Counts: "failed attempts", Within: "before the one that succeeded", Acts: true}
	case TwoPlaces:
		return Meaning{What: "One person is signed in, with the second factor, from two networks, and both are in use at the same time.",
			Honest: "A network is not a place: a phone on its carrier's network and the computer beside it are two. Where your people work like that, let the rule open an incident only.",
			Within: "between the last use of the one and of the other", Acts: true}
	case Travel:
		return Meaning{What: "One person signs in, with the second factor, from one network after the other, faster than people move.",
			Honest: "It compares networks, not places on a map: the portal asks nobody where an address is. Somebody who changes from the office's network to a phone's looks the same.",
			Counts: "different networks", Within: "between the first and the last of these sign-ins", Acts: true}
	case LookUps:
		return Meaning{What: "One person opens the information of many different members in a short time, as somebody does who gathers it.",
			Honest: "Members shown in a list of the office's own requests do not count, only those that were opened.",
			Counts: "different members", Within: "in any stretch of", Acts: true}
	case Misses:
		return Meaning{What: "One person looks for many members who do not exist or who are not the office's, as somebody does who guesses.",
			Honest: "A misread card is one look-up in vain. Somebody who works through an outdated list has many.",
			Counts: "look-ups that found nothing or were refused", Within: "in any stretch of", Acts: true}
	case Night:
		return Meaning{What: "An account is used during hours in which nobody works.",
			Honest: "Hospitals and on-call offices work at night: the rule is shipped turned off.",
			Counts: "sign-ins and openings in a night", Hours: true, Acts: true}
	case AfterEnd:
		return Meaning{What: "Somebody types the right password of an account that is closed, or whose office has ended its access: a person who has left, or somebody who knows her password.",
			Honest: "Nothing opens and there is nothing to suspend: the incident is for the office to be asked."}
	case ByPerson, ByStaff:
	default:
		return r.Name.probing()
	}
	return Meaning{}
}

// probing says what the rules about look-ups of members look for.
func (c Cause) probing() Meaning {
	switch c {
	case Slowed:
		return Meaning{What: "One person's look-ups find nothing, or are refused, again and again. The next one has to wait: 2 seconds, then twice as long each time, 15 minutes at most. It opens no incident.",
			Honest: "Somebody with an outdated list waits a few seconds at the end of it. Look-ups that find their member never count.",
			Counts: "look-ups that found nothing or were refused", Within: "in any stretch of"}
	case Stopped:
		return Meaning{What: "One person's look-ups in a day find nothing, or are refused, so often that no more are answered until the next day, or until a privacy or security officer lets them go on.",
			Honest: "Members who were found before stay open, and so does all other work. The account is suspended only where more than 20 further look-ups are tried after the stop, as a program does that does not read.",
			Counts: "look-ups in a day that found nothing or were refused", Acts: true}
	case Spread:
		return Meaning{What: "The people of one organization together look for many members in vain, each of them too few to be stopped. Those of them who have looked in vain within the hour wait up to half a minute between look-ups.",
			Honest: "A large hospital has many misread cards: give it room. The incident is about the account with the most of them, and names nobody else.",
			Counts: "look-ups that found nothing or were refused, by two people or more", Within: "in any stretch of"}
	case WrongPairs:
		return Meaning{What: "Member numbers that exist are typed with birth dates that are not those members', as somebody does who has numbers and guesses the rest.",
			Honest: "The person is never told which part was wrong. A list with day and month exchanged looks the same.",
			Counts: "look-ups whose number fits and whose birth date does not", Within: "in any stretch of", Acts: true}
	case Sequences:
		return Meaning{What: "Member numbers that follow one another are typed, and find nothing, as somebody does who counts upwards.",
			Honest: "Only numbers that found nothing count, so families do not. What is typed is not kept: its digests are, for a day.",
			Counts: "different numbers in a row", Within: "in any stretch of", Acts: true}
	case Volume:
		return Meaning{What: "One person opens far more members in a day than on her usual day, counted over the 30 days before, and more than 40.",
			Honest: "Somebody who takes over a colleague's work looks the same. Who has worked on fewer than five of those days has no usual day and is not judged.",
			Counts: "times the usual number of different members in a day", Acts: true}
	case SameSurname:
		return Meaning{What: "One person opens members who have her own last name, and they are more than a tenth of what she opens: kin, perhaps.",
			Honest: "Many people share a last name and are no kin. Kin under another name are not seen.",
			Counts: "different members of the same last name", Within: "in any stretch of", Acts: true}
	case StaffAsMember:
		return Meaning{What: "One person opens a member who has her own first and last name, or those of somebody who works for the same organization.",
			Honest: "Two people may have one name. A new colleague counts an hour after the account is made.",
			Counts: "different members", Within: "in any stretch of", Acts: true}
	default:
		return Meaning{}
	}
}

// Words says how a rule is set, for its history.
func (r Rule) Words() string {
	if !r.Enabled {
		return "off"
	}
	m, parts := r.Meaning(), []string{"on"}
	switch {
	case m.Acts && r.Suspends:
		parts = append(parts, "suspends")
	case m.Acts:
		parts = append(parts, "opens an incident only")
	}
	if m.Counts != "" {
		parts = append(parts, "more than "+strconv.Itoa(r.Most)+" "+m.Counts)
	}
	if m.Within != "" {
		parts = append(parts, strconv.Itoa(r.Minutes)+" minutes")
	}
	if m.Hours {
		parts = append(parts, "from "+strconv.Itoa(r.FromHour)+":00 to "+strconv.Itoa(r.ToHour)+":00")
	}
	return strings.Join(parts, ", ")
}

// Change is one tuning of a rule. It is never changed.
type Change struct {
	Rule   Cause
	Was    string
	Became string
	Name   string // of who did it
	Reason string
	At     time.Time
}

// rules gives every rule as it is in force.
func rules(tx *db.Tx) ([]Rule, error) {
	tuned, err := db.Collect(func(r *sql.Rows) (Rule, error) {
		var out Rule
		var enabled, suspends, changed int64
		err := r.Scan(&out.Name, &enabled, &suspends, &out.Most, &out.Minutes, &out.FromHour, &out.ToHour, &out.ChangedName, &out.Reason, &changed)
		out.Enabled, out.Suspends, out.Changed, out.Version = enabled != 0, suspends != 0, db.Time(changed), changed
		return out, err
	})(tx.Rows("select name, enabled, suspends, most, minutes, from_hour, to_hour, changed_name, reason, changed_us from watch_rule order by name"))
	if err != nil {
		return nil, err
	}
	all := Defaults()
	for i, r := range all {
		at := slices.IndexFunc(tuned, func(t Rule) bool { return t.Name == r.Name })
		if at >= 0 {
			all[i] = tuned[at]
		}
	}
	return all, nil
}

// Rules gives the rules in force and their last 50 changes, newest first, to
// all who may suspend people.
func (s *Service) Rules(ctx context.Context, who access.Actor) (all []Rule, changes []Change, err error) {
	err = mayRead(who)
	if err != nil {
		return nil, nil, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		all, err = rules(tx)
		if err != nil {
			return err
		}
		changes, err = db.Collect(func(r *sql.Rows) (Change, error) {
			var c Change
			var at int64
			err := r.Scan(&c.Rule, &c.Was, &c.Became, &c.Name, &c.Reason, &at)
			c.At = db.Time(at)
			return c, err
		})(tx.Rows("select rule, was, became, name, reason, at_us from watch_change order by at_us desc, id desc limit 50"))
		return err
	})
	return all, changes, err
}

// Bounds of what a rule can be set to.
const (
	mostMost    = 100_000
	mostMinutes = 24 * 60
)

func (r Rule) check() error {
	m := r.Meaning()
	var bad []fault.Problem
	if m.What == "" {
		return fault.New(fault.NotFound, "There is no such rule")
	}
	if m.Counts != "" && (r.Most < 0 || r.Most > mostMost) {
		bad = append(bad, fault.Problem{Path: "most", Text: "Give a whole number from 0 to 100000"})
	}
	if r.Name == Volume && r.Most == 0 {
		bad = append(bad, fault.Problem{Path: "most", Text: "Everybody has usual days: give 1 or more"})
	}
	if r.Name == Travel && r.Most == 0 {
		bad = append(bad, fault.Problem{Path: "most", Text: "Everybody signs in from one network at least: give 1 or more"})
	}
	if m.Within != "" && (r.Minutes < 1 || r.Minutes > mostMinutes) {
		bad = append(bad, fault.Problem{Path: "minutes", Text: "Give whole minutes from 1 to 1440"})
	}
	if m.Hours && (r.FromHour < 0 || r.FromHour > 23) {
		bad = append(bad, fault.Problem{Path: "from", Text: "Give an hour from 0 to 23"})
	}
	if m.Hours && (r.ToHour < 0 || r.ToHour > 23 || r.ToHour == r.FromHour) {
		bad = append(bad, fault.Problem{Path: "to", Text: "Give another hour from 0 to 23"})
	}
	if len(bad) > 0 {
		return fault.Bad(bad...)
	}
	return nil
}

// clean leaves out what the rule does not use.
func (r Rule) clean() Rule {
	m := r.Meaning()
	if m.Counts == "" {
		r.Most = 0
	}
	if m.Within == "" {
		r.Minutes = 0
	}
	if !m.Hours {
		r.FromHour, r.ToHour = 0, 0
	}
	r.Suspends = r.Suspends && m.Acts
	return r
}

// Tune sets a rule, with the reason. Somebody else's change since the Version
// that was looked at is a Conflict.
func (s *Service) Tune(ctx context.Context, who access.Actor, r Rule, reason string) error {
	err := who.May(access.TuneRules)
	if err != nil {
		return err
	}
	err = r.check()
	problems := fault.Problems(err)
	if err != nil && len(problems) == 0 {
		return err
	}
	reason, err = cleanReason(reason)
	problems = append(problems, fault.Problems(err)...)
	if len(problems) > 0 {
		return fault.Bad(problems...)
	}
	r = r.clean()
	return s.db.Update(ctx, func(tx *db.Tx) error {
		all, err := rules(tx)
		if err != nil {
			return err
		}
		was := all[slices.IndexFunc(all, func(o Rule) bool { return o.Name == r.Name })]
		if was.Version != r.Version {
			return fault.New(fault.Conflict, "The rule was changed by somebody else in the meantime. Look at it again")
		}
		_, err = tx.Exec(`insert into watch_rule (name, enabled, suspends, most, minutes, from_hour, to_hour, changed_by, changed_name, reason, changed_us)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
			on conflict (name) do update set enabled = excluded.enabled, suspends = excluded.suspends, most = excluded.most, minutes = excluded.minutes,
				from_hour = excluded.from_hour, to_hour = excluded.to_hour, changed_by = excluded.changed_by, changed_name = excluded.changed_name,
				reason = excluded.reason, changed_us = excluded.changed_us`,
			string(r.Name), db.Bit(r.Enabled), db.Bit(r.Suspends), int64(r.Most), int64(r.Minutes), int64(r.FromHour), int64(r.ToHour),
			string(who.Person), who.Name, reason, db.Micros(tx.Now))
		if err != nil {
			return err
		}
		return tx.Later("insert into watch_change (id, rule, was, became, person, name, reason, at_us) values ($1, $2, $3, $4, $5, $6, $7, $8)",
			string(id.New[changeID](tx.Now)), string(r.Name), was.Words(), r.Words(), string(who.Person), who.Name, reason, db.Micros(tx.Now))
	})
}
