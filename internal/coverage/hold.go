package coverage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/intake"
	"hsconnect/internal/job"
)

// Loss is how many members a file takes days of one kind of coverage from,
// and how many have that kind today or later.
type Loss struct {
	Ending int `json:"ending"`
	Open   int `json:"open"`
}

// lines are the kinds of coverage, in the order in which they are told.
func lines() []Line { return []Line{Medical, Dental, Vision, Drug, Other} }

// lost gives what a file takes of one kind.
func (d Difference) lost(line Line) Loss {
	if line == Medical {
		return Loss{d.Ending, d.Open}
	}
	return d.Others[line]
}

func (d *Difference) lose(line Line, open int) {
	was := d.lost(line)
	was.Ending, was.Open = was.Ending+1, open
	if line == Medical {
		d.Ending, d.Open = was.Ending, was.Open
		return
	}
	if d.Others == nil {
		d.Others = map[Line]Loss{}
	}
	d.Others[line] = was
}

// weigh counts whom a batch takes coverage from. Before the first of them is
// written, it counts how many members had some today or later before this file.
func (l *loader) weigh(tx *db.Tx, done []outcome) error {
	if l.open == nil && slices.ContainsFunc(done, func(o outcome) bool { return len(o.ending) > 0 }) {
		open := map[Line]int{}
		_, err := db.Collect(func(r *sql.Rows) (Line, error) {
			var line Line
			var n int
			err := r.Scan(&line, &n)
			open[line] = n - l.opened[line]
			return line, err
		})(tx.Rows("select line, count(distinct member) from coverage_span where closed_us = 0 and to_on >= $1 group by line", l.today.String()))
		if err != nil {
			return err
		}
		l.open = open
	}
	for _, o := range done {
		for _, line := range o.ending {
			l.report.Difference.lose(line, l.open[line])
		}
		for _, line := range o.opens {
			if l.ref != "" {
				l.opened[line]++
			}
		}
	}
	return nil
}

// losing gives the kinds of coverage of which a member is left with a day
// less: one to come, or one gone by.
func losing(old []Span, change spanChange, now []Span) []Line {
	if len(change.closed) == 0 {
		return nil
	}
	return slices.DeleteFunc(lines(), func(line Line) bool { return !loses(old, now, line) })
}

// loses looks at the days on which there may begin to be less: where old
// coverage begins, and after new coverage ends.
func loses(old, now []Span, line Line) bool {
	less := func(day civil.Date) bool { return holds(old, line, day) && !holds(now, line, day) }
	return slices.ContainsFunc(old, func(s Span) bool { return less(s.From) }) ||
		slices.ContainsFunc(now, func(s Span) bool { return !s.To.IsZero() && less(s.To.AddDays(1)) })
}

func holds(spans []Span, line Line, day civil.Date) bool {
	return slices.ContainsFunc(spans, func(s Span) bool { return s.Line == line && s.holds(day) })
}

// opening gives the kinds that a member has today or later and had not.
func opening(old, now []Span, today civil.Date) []Line {
	return slices.DeleteFunc(lines(), func(line Line) bool { return covers(old, line, today) || !covers(now, line, today) })
}

func covers(spans []Span, line Line, today civil.Date) bool {
	return slices.ContainsFunc(spans, func(s Span) bool { return s.Line == line && !after(today, s.To) })
}

// tooMany gives the kinds of coverage for which the file has to wait for a
// second person: it ends, or takes back days of, share of the coverages of
// that kind, or more.
func (l *loader) tooMany(share float64) []Line {
	return slices.DeleteFunc(lines(), func(line Line) bool {
		n := l.report.Difference.lost(line)
		return share <= 0 || n.Ending == 0 || float64(n.Ending) < share*float64(n.Open)
	})
}

func (l *loader) why(share float64) string {
	kinds := l.tooMany(share)
	words := make([]string, len(kinds))
	for i, line := range kinds {
		words[i] = losingWords(line, l.report.Difference.lost(line))
	}
	return "It would end or take back " + strings.Join(words, "; ") + "; from " + inPercent(share) + " on, a second person decides"
}

// losingWords says whom a file takes one kind of coverage from.
func losingWords(line Line, n Loss) string {
	text := fmt.Sprintf("the %s coverage of %d of %d members who have it", line, n.Ending, n.Open)
	if n.Open > 0 {
		text += " (" + inPercent(float64(n.Ending)/float64(n.Open)) + ")"
	}
	return text
}

func inPercent(f float64) string { return strconv.FormatFloat(f*100, 'f', 1, 64) + "%" }

// grown says, in words that may be shown, by what the file takes more than was
// approved when it was held; nothing where that is little. What is little is a
// twentieth more and one, or less than would be held at all.
func (l *loader) grown(held Difference, share float64) string {
	more := func(now, then int) bool { return now > then+then/20+1 }
	d := l.report.Difference
	for _, line := range l.tooMany(share) {
		now, then := d.lost(line), held.lost(line)
		if more(now.Ending, then.Ending) {
			return fmt.Sprintf("it would end or take back %s by now; what was approved is %d of %d. Load it again: it is held with the new counts", losingWords(line, now), then.Ending, then.Open)
		}
	}
	if l.full() && more(d.Unnamed, held.Unnamed) {
		return fmt.Sprintf("%d members who are covered are not named by it by now; what was approved is %d. Load it again: it is held with the new counts", d.Unnamed, held.Unnamed)
	}
	return ""
}

// counts is what stands beside a held file.
type counts struct {
	Rows       int        `json:"rows"`
	Added      int        `json:"added"`
	Changed    int        `json:"changed"`
	Ended      int        `json:"ended"`
	Difference Difference `json:"difference"`
}

// Counts reads what a held file of members would change.
func Counts(h intake.Held) (Report, error) {
	var c counts
	err := json.Unmarshal(h.Counts, &c)
	return Report{Rows: c.Rows, Added: c.Added, Changed: c.Changed, Ended: c.Ended, Difference: c.Difference, Digest: h.Digest, Why: h.Why}, err
}

// hold keeps the file for a second person.
func (s *Service) hold(ctx context.Context, who access.Actor, o Order, f intake.File, rep Report) (intake.ID, error) {
	r, err := o.Source.Open()
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "The file cannot be opened")
	}
	held, err := s.Intake.Hold(ctx, who, intake.Holding{
		Kind: KindMembers, Name: f.Name, Digest: f.Digest, Why: rep.Why, Limit: MaxFile,
		Counts: counts{rep.Rows, rep.Added, rep.Changed, rep.Ended, rep.Difference}, Settings: o.settings(),
	}, r)
	_ = r.Close() // only read from
	return held, err
}

// Apply applies a held file that a second person has approved. It is judged
// once more: what was known when it was held may have changed.
func (s *Service) Apply(ctx context.Context, who access.Actor, which intake.ID, progress func(done, total int64)) (Report, error) {
	h, err := s.Intake.Get(ctx, who, which)
	if err != nil {
		return Report{}, err
	}
	var how settings
	err = json.Unmarshal(h.Settings, &how)
	if err != nil {
		return Report{}, err
	}
	then, err := Counts(h)
	if err != nil {
		return Report{}, err
	}
	o := Order{Full: how.Full, Progress: progress, approved: which, then: then.Difference}
	if how.Ends != "" {
		o.Ends, err = civil.Parse(how.Ends)
		if err != nil {
			return Report{}, err
		}
	}
	o.Source = Source{Name: h.Name, Size: h.Size, Open: func() (io.ReadCloser, error) { return s.Intake.Open(ctx, who, which) }}
	o.Feed, err = s.Feeds(o.Source.Open)
	if err != nil {
		return Report{}, err
	}
	defer func() { s.Intake.Settled(context.WithoutCancel(ctx), who, which) }()
	rep, err := s.Load(ctx, who, o)
	if err != nil || rep.RefusedTotal == 0 && !rep.Already {
		return rep, err
	}
	outcome := "The same file was loaded in the meantime"
	if rep.RefusedTotal > 0 {
		outcome = fmt.Sprintf("Refused when it was applied: %s: %s", rep.Refused[0].Where, rep.Refused[0].Reason)
	}
	return rep, s.DB.Update(ctx, func(tx *db.Tx) error { return intake.Settle(tx, who, which, intake.Failed, outcome) })
}

// HandleApply is Apply as a job. When the last try fails, somebody has to say
// whether to try again.
func (s *Service) HandleApply(ctx context.Context, j job.Job) error {
	var p intake.Payload
	err := j.Decode(&p)
	if err != nil {
		return job.GiveUp(err)
	}
	who := access.SystemActor("import")
	_, err = s.Apply(ctx, who, p.Held, nil)
	if err == nil || ctx.Err() != nil {
		return err
	}
	h, lookErr := s.Intake.Get(ctx, who, p.Held)
	if lookErr == nil && h.State != intake.Approved { // settled already, from the command line
		return nil
	}
	if j.Tries < j.MaxTries {
		return err
	}
	outcome := fmt.Sprintf("It could not be loaded after %d tries: %s", j.Tries, fault.Text(err))
	stalled := s.DB.Update(ctx, func(tx *db.Tx) error { return intake.Settle(tx, who, p.Held, intake.Stalled, outcome) })
	return errors.Join(err, stalled)
}
