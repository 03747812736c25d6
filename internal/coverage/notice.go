package coverage

import (
	"context"
	"database/sql"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/job"
	"hsconnect/internal/mail"
	"hsconnect/internal/member"
	"hsconnect/internal/provider"
)

// JobNotify is the job that writes to the administrators of one office, once
// a day at most.
const JobNotify = "coverage.notify"

// Notice tells an office that a member's coverage changed for days gone by
// after it had been shown that coverage.
type Notice struct {
	Member  member.Member
	What    string     // "ended", "began", "moved" to another plan
	From    civil.Date // the first and the last day that changed
	To      civil.Date
	KnownAt time.Time // when the plan told the portal
	Looked  time.Time // when the office had looked last before
	SeenAt  time.Time // when somebody there opened the member again; zero: nobody has
}

// LogValue keeps the days of coverage out of logs.
func (n Notice) LogValue() slog.Value { return slog.StringValue("[notice]") }

// LogValue keeps the day's knowledge out of logs.
func (b Belief) LogValue() slog.Value { return slog.StringValue("[belief]") }

const (
	tellChunk   = 100 // changes in one transaction
	noticesStay = 90 * 24 * time.Hour
	mostNotices = 5 // on a page
)

// HandleTell does the job JobTell: it turns changes into notices, a chunk in a
// transaction, so that a file that changes a tenth of all members holds
// nobody up.
func (s *Service) HandleTell(ctx context.Context, _ job.Job) error {
	for {
		var n int
		err := s.DB.Update(ctx, func(tx *db.Tx) error {
			var err error
			n, err = s.tell(tx)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// tell makes the notices of some changes that became known together, and
// gives how many changes those were. A change is known from the time on at
// which its file began to be applied; on PostgreSQL offices go on looking, and
// see what was known before, until that is committed. Since this job is asked
// for in the same transaction, it is committed by now: looks count until now,
// and told_us keeps that time.
func (s *Service) tell(tx *db.Tx) (int, error) {
	changes, err := db.Collect(scanChange)(tx.Rows(`select id, member, what, from_on, to_on, known_us from coverage_change
		where told_us = 0 and known_us = (select min(known_us) from coverage_change where told_us = 0) order by id limit $1`, int64(tellChunk)))
	if err != nil || len(changes) == 0 {
		return 0, err
	}
	var members []id.Member
	var ids []string
	since := db.Time(changes[0].known)
	from := map[id.Member]time.Time{}
	for _, c := range changes {
		ids = append(ids, c.id)
		members = append(members, c.member)
		first := c.looksFrom(s.Zone)
		if first.Before(since) {
			since = first
		}
		if old, twice := from[c.member]; !twice || first.Before(old) {
			from[c.member] = first
		}
	}
	looked, err := disclosure.OrganizationsShown(tx, members, access.FieldCoverage, since, tx.Now)
	if err != nil {
		return 0, err
	}
	looked, err = officesOnly(tx, looked)
	if err != nil {
		return 0, err
	}
	var rows []told
	orgs := map[id.Organization]bool{}
	for _, c := range changes {
		for _, l := range looked {
			if l.Member != c.member || l.Last.Before(from[c.member]) {
				continue
			}
			orgs[l.Org] = true
			rows = append(rows, told{org: l.Org, member: c.member, known: c.known, what: c.what, from: c.from.String(), to: c.to.String(), looked: db.Micros(l.Last)})
		}
	}
	err = putNotices(tx, rows)
	if err != nil {
		return 0, err
	}
	err = eachChunk(ids, func(args []any) error {
		args = append([]any{db.Micros(tx.Now)}, args...)
		_, err := tx.Exec("update coverage_change set told_us = $1 where id in ("+placeholders(1, len(args)-1)+")", args...)
		return err
	})
	if err != nil {
		return 0, err
	}
	return len(changes), s.askToNotify(tx, orgs)
}

// officesOnly leaves out the plan, whose own people look as well.
func officesOnly(tx *db.Tx, all []disclosure.Onlooker) ([]disclosure.Onlooker, error) {
	plan := map[id.Organization]bool{}
	for _, r := range all {
		_, asked := plan[r.Org]
		if asked {
			continue
		}
		o, err := provider.OrganizationOf(tx, r.Org)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		plan[r.Org] = o.Kind == provider.PlanKind
	}
	return slices.DeleteFunc(all, func(r disclosure.Onlooker) bool { return plan[r.Org] }), nil
}

// told is a notice on its way into the table. Days are as the database keeps them.
type told struct {
	org      id.Organization
	member   id.Member
	known    int64
	what     string
	from, to string
	looked   int64
}

// putNotices adds notices. A second stretch of the same member widens the
// first, and one statement may not meet the same row twice.
func putNotices(tx *db.Tx, all []told) error {
	seen := map[string]int{}
	var merged []told
	for _, t := range all {
		key := string(t.org) + "|" + string(t.member)
		at, twice := seen[key]
		if !twice {
			seen[key] = len(merged)
			merged = append(merged, t)
			continue
		}
		first := &merged[at]
		if first.what != t.what {
			first.what = nowMoved
		}
		first.from, first.to = min(first.from, t.from), max(first.to, t.to)
	}
	rows := make([][]any, 0, len(merged))
	for _, t := range merged {
		rows = append(rows, []any{string(t.org), string(t.member), t.known, t.what, t.from, t.to, t.looked, 0, 0, ""})
	}
	return inRows(tx, "insert into coverage_notice (org, member, known_us, what, from_on, to_on, looked_us, mailed_us, seen_us, seen_by) values ",
		` on conflict (org, member, known_us) do update set
			from_on = case when excluded.from_on < coverage_notice.from_on then excluded.from_on else coverage_notice.from_on end,
			to_on = case when excluded.to_on > coverage_notice.to_on then excluded.to_on else coverage_notice.to_on end,
			what = case when excluded.what = coverage_notice.what then excluded.what else 'moved' end`, rows)
}

// askToNotify asks for a mail to each office. Jobs of the same office are one.
func (s *Service) askToNotify(tx *db.Tx, orgs map[id.Organization]bool) error {
	for _, org := range slices.Sorted(maps.Keys(orgs)) {
		// Ten minutes, so that a large file is one mail.
		_, err := job.Enqueue(tx, JobNotify, notify{Org: org}, job.Options{Key: string(org), RunAt: tx.Now.Add(10 * time.Minute)})
		if err != nil {
			return err
		}
	}
	return nil
}

type notify struct{ Org id.Organization }

// HandleNotify does the job JobNotify. A second mail of a day waits for the
// next morning.
func (s *Service) HandleNotify(ctx context.Context, j job.Job) error {
	var n notify
	err := j.Decode(&n)
	if err != nil {
		return job.GiveUp(err)
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		err := s.notify(tx, n.Org)
		if err != nil {
			return err
		}
		return job.Finish(tx, j)
	})
}

func (s *Service) notify(tx *db.Tx, org id.Organization) error {
	var last, waiting int64
	err := tx.Row("select coalesce(max(mailed_us), 0) from coverage_notice where org = $1", string(org)).Scan(&last)
	if err != nil {
		return err
	}
	today := civil.Of(tx.Now, s.Zone)
	if last > 0 && civil.Of(db.Time(last), s.Zone) == today {
		_, err = job.Enqueue(tx, JobNotify, notify{Org: org}, job.Options{Key: string(org), RunAt: today.AddDays(1).In(s.Zone).Add(6 * time.Hour)})
		return err
	}
	err = tx.Row("select count(distinct member) from coverage_notice where org = $1 and mailed_us = 0 and seen_us = 0", string(org)).Scan(&waiting)
	if err != nil {
		return err
	}
	_, err = tx.Exec("update coverage_notice set mailed_us = $1 where org = $2 and mailed_us = 0", db.Micros(tx.Now), string(org))
	if err != nil || waiting == 0 {
		return err
	}
	admins, err := account.Administrators(tx, org)
	if err != nil {
		return err
	}
	for _, a := range admins {
		err = s.write(tx, a, waiting)
		if err != nil {
			return err
		}
	}
	return nil
}

// write queues the mail to one administrator: a number and a link, and
// nothing about a member.
func (s *Service) write(tx *db.Tx, a account.Colleague, waiting int64) error {
	if a.Email == "" {
		return nil
	}
	text := "Coverage of " + people(waiting) + " changed for days gone by after your office had looked. Sign in to see whom it is about."
	m := mail.Message{Person: a.Person, Address: a.Email, Kind: "coverage changed", Subject: "Coverage changed after your office looked", Text: []string{"Hello,", text}}
	if s.Link != nil {
		m.Link, m.LinkText = s.Link("/"), "Open the portal"
	}
	err := mail.Queue(tx, m)
	if fault.Is(err, fault.Invalid) {
		s.Log.WarnContext(tx.Context(), "an administrator's address takes no mail", slog.String("person", string(a.Person)))
		return nil
	}
	return err
}

const noticeColumns = "member, what, from_on, to_on, known_us, looked_us, seen_us"

func scanNotice(r *sql.Rows) (Notice, error) {
	var n Notice
	var from, to string
	var known, looked, seen int64
	err := r.Scan(&n.Member.ID, &n.What, &from, &to, &known, &looked, &seen)
	if err != nil {
		return n, err
	}
	n.KnownAt, n.Looked = db.Time(known), db.Time(looked)
	if seen > 0 {
		n.SeenAt = db.Time(seen)
	}
	n.From, err = civil.Parse(from)
	if err != nil {
		return n, err
	}
	n.To, err = civil.Parse(to)
	return n, err
}

// noticesOf gives notices to an office about one member, those that nobody there
// has seen and then the newest first, and marks these, and no others, as seen by
// who opens the member now.
func noticesOf(tx *db.Tx, who access.Actor, m id.Member) ([]Notice, error) {
	if who.Side != access.Office || who.Org == "" {
		return nil, nil
	}
	out, err := db.Collect(scanNotice)(tx.Rows("select "+noticeColumns+` from coverage_notice where org = $1 and member = $2 and known_us > $3
		order by case when seen_us = 0 then 0 else 1 end, known_us desc limit $4`, string(who.Org), string(m), db.Micros(tx.Now.Add(-noticesStay)), int64(mostNotices)))
	if err != nil {
		return nil, err
	}
	for _, n := range out {
		if !n.SeenAt.IsZero() {
			break
		}
		err = tx.Later("update coverage_notice set seen_us = $1, seen_by = $2 where org = $3 and member = $4 and known_us = $5 and seen_us = 0",
			db.Micros(tx.Now), string(who.Person), string(who.Org), string(m), db.Micros(n.KnownAt))
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Notices gives an office the newest notices that nobody there has seen, at
// most five, and how many members all of them are about. Those that may not be
// told to the actor are counted alone: about a member whom the office may no
// longer see or who is under restriction, and all of them where the role is not
// shown coverage. Whose name is shown is written down.
func (s *Service) Notices(ctx context.Context, who access.Actor) (out []Notice, members int, err error) {
	err = who.May(access.LookUpMember)
	if err != nil {
		return nil, 0, err
	}
	if who.Side != access.Office || who.Org == "" {
		return nil, 0, nil
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		out, members = nil, 0
		since := db.Micros(tx.Now.Add(-noticesStay))
		err := tx.Row("select count(distinct member) from coverage_notice where org = $1 and seen_us = 0 and known_us > $2", string(who.Org), since).Scan(&members)
		if err != nil || members == 0 {
			return err
		}
		fields, err := member.FieldsFor(tx, who, access.Treatment, noticesSubject, access.FieldName, access.FieldCoverage)
		if fault.Is(err, fault.Forbidden) || err == nil && !slices.Contains(fields, access.FieldCoverage) {
			return nil
		}
		if err != nil {
			return err
		}
		out, err = unseen(tx, who, since)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	return out, members, nil
}

const (
	noticesSubject = "coverage notices"
	mostHidden     = 20 // stretches of notices that are passed over for one that may be told
)

// unseen reads on until it has as many notices as a page shows, past those that
// may not be told.
func unseen(tx *db.Tx, who access.Actor, since int64) ([]Notice, error) {
	var out []Notice
	passed := 0
	for range mostHidden {
		want := mostNotices - len(out)
		some, err := db.Collect(scanNotice)(tx.Rows("select "+noticeColumns+` from coverage_notice where org = $1 and seen_us = 0 and known_us > $2
			order by known_us desc, member limit $3 offset $4`, string(who.Org), since, int64(want), int64(passed)))
		if err != nil || len(some) == 0 {
			return out, err
		}
		passed += len(some)
		told, err := named(tx, who, some)
		if err != nil {
			return nil, err
		}
		out = append(out, told...)
		if len(some) < want || len(out) == mostNotices {
			break
		}
	}
	return out, nil
}

// named gives those notices that may be told, with the names.
func named(tx *db.Tx, who access.Actor, all []Notice) ([]Notice, error) {
	ids := make([]id.Member, 0, len(all))
	for _, n := range all {
		ids = append(ids, n.Member.ID)
	}
	shown, _, err := member.ListedOnly(tx, who, access.Treatment, noticesSubject, ids, []access.Field{access.FieldName, access.FieldCoverage})
	if err != nil {
		return nil, err
	}
	out := make([]Notice, 0, len(all))
	for _, n := range all {
		m, ok := shown[n.Member.ID]
		if ok && !m.Restricted {
			n.Member = m
			out = append(out, n)
		}
	}
	return out, nil
}

func people(n int64) string {
	if n == 1 {
		return "one member"
	}
	return strconv.FormatInt(n, 10) + " members"
}
