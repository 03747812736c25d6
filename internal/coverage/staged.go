package coverage

import (
	"io"

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
func (s *Service) stage(who access.Actor, in *reading, f intake.File) (Report, error) {
	var c *checker
	st, err := intake.Stage(&in.Reading, s.Intake, who, f, func(r io.Reader, stager *intake.Stager[stagedRow]) (bool, error) {
		c = &checker{today: civil.Of(s.DB.Now(), s.Zone), stager: stager}
		err := in.pass(r, c.take, c.refuse)
		return c.report.RefusedTotal == 0, err
	})
	if err != nil {
		return Report{}, err
	}
	if st.Whole {
		return Report{Rows: st.Rows, Resumed: st.Rows, families: true}, nil
	}
	c.report.Resumed = st.Rows
	return c.report, nil
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
