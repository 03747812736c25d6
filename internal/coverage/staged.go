package coverage

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"reflect"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/intake"
)

// stageSize is how many rows are staged in one transaction: what a load that
// is killed has to read again at most.
const stageSize = 2000

// stagedRow is a row that passed its check. The conversion to plain takes away
// the methods that keep enrollments out of what is written.
type stagedRow struct {
	Row    plain
	Before bool // the member stands in the file before
}

type plain Enrollment

func encodeRows(rows []stagedRow) ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(rows)
	return b.Bytes(), err
}

func decodeRows(body []byte) ([]stagedRow, error) {
	rows := make([]stagedRow, 0, stageSize)
	err := gob.NewDecoder(bytes.NewReader(body)).Decode(&rows)
	if err != nil {
		return nil, fmt.Errorf("coverage: what was staged cannot be read: %w", err)
	}
	return rows, nil
}

// checker takes the rows of a file, checks each by itself and against those
// before it, and stages them.
type checker struct {
	s      *Service
	ctx    context.Context //nolint:containedctx // a checker lives exactly as long as the call that made it
	who    access.Actor
	today  civil.Date
	key    string // of the staging
	report Report

	skip    int         // rows that an earlier try has staged
	earlier []stagedRow // those of the batch in which the reading is
	batches int
	waiting []stagedRow
	storing chan error // the batch that is being stored

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
		in.done += in.src.Size
		return Report{Rows: st.Rows, Resumed: st.Rows, families: true}, nil
	}
	c := &checker{s: s, ctx: ctx, who: who, today: civil.Of(s.DB.Now(), s.Zone), key: f.Key, skip: st.Rows, batches: st.Batches}
	c.report.Resumed = st.Rows
	before := in.done
	digest, err := in.pass(c.take, c.refuse)
	stored := c.wait()
	switch {
	case errors.Is(err, errStale):
		err = s.Intake.Drop(ctx, who, f.Key)
		if err != nil {
			return Report{}, err
		}
		in.done = before
		return s.stage(ctx, who, in, f)
	case err != nil:
		return Report{}, err
	case stored != nil:
		return Report{}, stored
	case digest != f.Digest:
		return Report{}, errMoved
	case c.report.RefusedTotal > 0:
		return c.report, nil
	}
	err = c.store()
	if err == nil {
		err = c.wait()
	}
	if err != nil {
		return Report{}, err
	}
	return c.report, s.Intake.Complete(ctx, who, f.Key)
}

// errStale says that what an earlier try has staged are other rows than those
// of the file: it was being written while that try read it.
var errStale = errors.New("coverage: the staged rows are not those of the file")

// compare holds a row against what an earlier try has staged of it.
func (c *checker) compare(r *row) error {
	at := c.report.Rows - 1
	if at%stageSize == 0 || c.earlier == nil {
		var err error
		c.earlier, err = c.s.batch(c.ctx, c.who, c.key, at/stageSize)
		if err != nil {
			return err
		}
	}
	if at%stageSize >= len(c.earlier) || !reflect.DeepEqual(c.earlier[at%stageSize], stagedRow{Row: plain(r.Enrollment), Before: r.before}) {
		return errStale
	}
	return nil
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
	if c.report.Rows <= c.skip {
		return c.compare(r)
	}
	if !fits || c.report.RefusedTotal > 0 {
		return nil // nothing of this file will be loaded: the rest is only checked
	}
	c.waiting = append(c.waiting, stagedRow{Row: plain(r.Enrollment), Before: r.before})
	if len(c.waiting) < stageSize {
		return nil
	}
	return c.store()
}

// store stages the waiting rows while the file is read on.
func (c *checker) store() error {
	err := c.wait()
	if err != nil || len(c.waiting) == 0 {
		return err
	}
	rows, no := c.waiting, c.batches
	c.waiting = make([]stagedRow, 0, stageSize)
	c.batches++
	done := make(chan error, 1)
	c.storing = done
	go func() {
		body, err := encodeRows(rows)
		if err == nil {
			err = c.s.Intake.Put(c.ctx, c.who, c.key, no, len(rows), body)
		}
		done <- err
	}()
	return nil
}

// wait gives what became of the batch that is being stored.
func (c *checker) wait() error {
	if c.storing == nil {
		return nil
	}
	err := <-c.storing
	c.storing = nil
	return err
}
