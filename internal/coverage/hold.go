package coverage

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/intake"
	"hsconnect/internal/job"
)

// weigh counts, before the first medical coverage is ended, how many members
// had any today or later before this file.
func (l *loader) weigh(tx *db.Tx, done []outcome) error {
	d := &l.report.Difference
	if d.Open == 0 && slices.ContainsFunc(done, func(o outcome) bool { return o.ending }) {
		err := tx.Row("select count(distinct member) from coverage_span where closed_us = 0 and line = $1 and to_on >= $2", string(Medical), l.today.String()).Scan(&d.Open)
		if err != nil {
			return err
		}
		d.Open -= l.opened
	}
	for _, o := range done {
		if o.opens && l.ref != "" {
			l.opened++
		}
	}
	return nil
}

// endsMedical reports whether a member who is medically covered today or later
// is left with less; opensMedical, whether one who was not now is.
func endsMedical(old, now []Span, today civil.Date) bool {
	return covers(old, today) && shorter(old, now)
}

func opensMedical(old, now []Span, today civil.Date) bool {
	return !covers(old, today) && covers(now, today)
}

func covers(spans []Span, today civil.Date) bool {
	last, ok := latest(spans, Medical, "")
	return ok && !after(today, last.To)
}

// tooMany reports whether the file has to wait for a second person: it ends
// the medical coverage of share of the members who have any, or of more.
func (l *loader) tooMany(share float64) bool {
	d := l.report.Difference
	return share > 0 && d.Ending > 0 && float64(d.Ending) >= share*float64(d.Open)
}

func (l *loader) why(share float64) string {
	d := l.report.Difference
	percent := func(f float64) string { return strconv.FormatFloat(f*100, 'f', 1, 64) + "%" }
	return fmt.Sprintf("It would end the medical coverage of %d of %d members who have it (%s); from %s on, a second person decides",
		d.Ending, d.Open, percent(float64(d.Ending)/float64(max(d.Open, 1))), percent(share))
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
	o := Order{Full: how.Full, Progress: progress, approved: which}
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

// HandleApply is Apply as a job.
func (s *Service) HandleApply(ctx context.Context, j job.Job) error {
	var p intake.Payload
	err := j.Decode(&p)
	if err != nil {
		return job.GiveUp(err)
	}
	who := access.SystemActor("import")
	_, err = s.Apply(ctx, who, p.Held, nil)
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	h, lookErr := s.Intake.Get(ctx, who, p.Held)
	if lookErr == nil && h.State != intake.Approved { // applied already, from the command line
		return nil
	}
	return err
}
