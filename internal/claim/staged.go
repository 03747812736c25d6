package claim

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/coverage"
	"hsconnect/internal/intake"
)

// stagedRow is a statement that passed its check. The conversion to plain takes
// away the methods that keep statements out of what is written.
type stagedRow struct {
	Row    plain
	Before bool // the claim stands in the file before
}

type plain Statement

// key identifies a claim inside a file, in few bytes: a large file names two
// million. Two of them share a key once in ten million files.
type key uint64

func keyOf(number string) key {
	sum := sha256.Sum256([]byte(number))
	return key(binary.BigEndian.Uint64(sum[:]))
}

// checker takes the statements of a file, checks each by itself and against
// those before it, and stages them.
type checker struct {
	today  civil.Date
	report Report
	stager *intake.Stager[stagedRow]
	lines  map[key]int32 // where each claim of the file stands
}

// stage reads the source and stages what an earlier try has not staged yet.
func (s *Service) stage(who access.Actor, o Order, in *intake.Reading, f intake.File) (Report, error) {
	var c *checker
	st, err := intake.Stage(in, s.Intake, who, f, func(r io.Reader, stager *intake.Stager[stagedRow]) (bool, error) {
		c = &checker{today: civil.Of(s.DB.Now(), s.Zone), stager: stager, lines: map[key]int32{}}
		err := c.read(r, o.Feed)
		return c.report.RefusedTotal == 0, err
	})
	if err != nil {
		return Report{}, err
	}
	if st.Whole {
		return Report{Claims: st.Rows, Resumed: st.Rows}, nil
	}
	c.report.Resumed = st.Rows
	return c.report, nil
}

func (c *checker) read(r io.Reader, feed Feed) error {
	err := feed(r, c.take)
	var bad *coverage.Unreadable
	if errors.As(err, &bad) {
		c.report.refuse(bad.Where, bad.Reason)
		return nil
	}
	if err == nil && c.report.Claims == 0 {
		c.report.refuse(coverage.Place{}.String(), "it holds no claim")
	}
	return err
}

// take takes the next statement of the file.
func (c *checker) take(s Statement) error {
	c.report.Claims++
	if c.report.Claims > MaxClaims {
		return errTooLarge
	}
	r := &row{Statement: s}
	problems := r.check(c.today)
	first, twice := c.lines[keyOf(r.key)]
	if len(problems) == 0 && twice && s.At.Segment == 0 {
		// A table tells each claim once; a remittance may take one back and pay
		// it again.
		problems = append(problems, coverage.Refusal{Where: s.At.String(),
			Reason: fmt.Sprintf("the same claim begins on line %d: rows of a claim stand together", first)})
	}
	c.lines[keyOf(r.key)] = int32(s.At.Line) //nolint:gosec // bounded by the size of a file
	for _, p := range problems {
		c.report.refuse(p.Where, p.Reason)
	}
	if c.report.RefusedTotal > 0 {
		return nil // nothing of this file will be loaded: the rest is only checked
	}
	return c.stager.Add(stagedRow{Row: plain(r.Statement), Before: twice})
}
