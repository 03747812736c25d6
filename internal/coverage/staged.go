package coverage

import (
	"context"
	"errors"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/intake"
)

// stagedRow is a row that passed its check. The conversion to plain takes away
// the methods that keep enrollments out of what is written.
type stagedRow struct {
	Row    plain
	Before bool // the member stands in the file before
}

type plain Enrollment

// checker takes the rows of a file, checks each by itself and against those
// before it, and stages them.
type checker struct {
	today  civil.Date
	report Report

	stager *intake.Stager[stagedRow]

	mode Mode
	seen seen // everybody in the file so far
}

// stage reads the source and stages what an earlier try has not staged yet.
func (s *Service) stage(ctx context.Context, who access.Actor, in *reading, f intake.File) (Report, error) {
	st, err := s.Intake.Begin(ctx, who, f)
	if err != nil {
		return Report{}, err
	}
	if st.Whole {
		in.Done += in.Source.Size
		return Report{Rows: st.Rows, Resumed: st.Rows, families: true}, nil
	}
	c := &checker{today: civil.Of(s.DB.Now(), s.Zone), stager: intake.NewStager[stagedRow](ctx, s.Intake, who, f.Key, st)}
	c.report.Resumed = st.Rows
	before := in.Done
	digest, err := in.pass(c.take, c.refuse)
	stored := c.stager.Wait()
	switch {
	case errors.Is(err, intake.ErrStale):
	case err != nil:
		return Report{}, err
	case stored != nil:
		return Report{}, stored
	case digest != f.Digest:
		return Report{}, errMoved
	case c.report.RefusedTotal > 0:
		return c.report, nil
	default:
		err = c.stager.Complete()
	}
	if !errors.Is(err, intake.ErrStale) {
		return c.report, err
	}
	err = s.Intake.Drop(ctx, who, f.Key)
	if err != nil {
		return Report{}, err
	}
	in.Done = before
	return s.stage(ctx, who, in, f)
}

func (c *checker) refuse(where, reason string) { c.report.refuse(where, reason) }

func (r *Report) refuse(where, reason string) {
	r.RefusedTotal++
	if len(r.Refused) < MaxRefusals {
		r.Refused = append(r.Refused, Refusal{Where: where, Reason: reason})
	}
}

// take takes the next row of the file.
func (c *checker) take(e Enrollment) error {
	c.report.Rows++
	if c.report.Rows > MaxRows {
		return errTooLarge
	}
	if c.report.Rows == 1 {
		c.mode = e.Mode
	}
	r := &row{Enrollment: e}
	r.settle()
	problems := r.check(c.today)
	if e.Mode != c.mode {
		problems = append(problems, Refusal{r.At.String(), "the transactions of one file are all changes, or all full: send the others in a file of their own"})
	}
	c.report.families = c.report.families || r.Number == ""
	for _, p := range problems {
		c.refuse(p.Where, p.Reason)
	}
	if len(problems) > 0 {
		return nil
	}
	r.key, r.days = keyOf(r.Enrollment), daysOf(r.Spans)
	fits := c.remember(r)
	if !fits || c.report.RefusedTotal > 0 {
		return nil // nothing of this file will be loaded: the rest is only checked
	}
	return c.stager.Add(stagedRow{Row: plain(r.Enrollment), Before: r.before})
}
