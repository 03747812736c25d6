package coverage

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/intake"
	"hsconnect/internal/member"
	"hsconnect/internal/record"
)

// StatementReport says what a file of statements about known members came to.
// When anything was refused, nothing of the file was loaded.
type StatementReport struct {
	Rows         int
	Changed      int
	Same         int       // known already
	Older        int       // left aside: something newer is known
	Declined     bool      // whoever was asked said no
	Refused      []Refusal // the first thousand
	RefusedTotal int
}

func (p *StatementReport) refuse(line int, reason string) {
	p.RefusedTotal++
	if len(p.Refused) < MaxRefusals {
		p.Refused = append(p.Refused, Refusal{Where: Place{Line: line}.String(), Reason: reason})
	}
}

// StatementOrder is a file of statements and how to load it.
type StatementOrder struct {
	Source Source
	// CheckOnly loads nothing and reports what would change.
	CheckOnly bool
	// Ask, when set, is shown what would change and says whether to go on.
	Ask func(StatementReport) bool
}

// said is one row of such a file: about whom, and what.
type said[T any] struct {
	line   int
	number string
	member id.Member // once found
	what   T
}

// statements is a kind of such files.
type statements[T any] struct {
	table table
	kind  string // of the record's entry: "spent.loaded"
	read  func(tx *db.Tx, cell func(column string) string) (T, string)
	// same names what two rows of a batch must not both be about.
	same func(said[T]) string
	put  func(tx *db.Tx, rows []said[T], rep *StatementReport) error
}

const statementBatch = 200

var errNoRow = "it names its columns and holds no row"

// load reads the file twice, like Import: once to check, once to store it in
// one transaction. What would change is found by storing it and taking that
// back.
func (f statements[T]) load(ctx context.Context, s *Service, who access.Actor, o StatementOrder) (StatementReport, error) {
	src := o.Source
	err := who.May(access.ImportData)
	if err != nil {
		return StatementReport{}, err
	}
	if src.Size > MaxFile {
		return StatementReport{}, errTooLarge
	}
	var first StatementReport
	err = f.pass(ctx, who, src, &first, false, func(fn func(tx *db.Tx) error) error { return s.DB.View(ctx, fn) })
	if err != nil || first.RefusedTotal > 0 {
		return first, err
	}
	if o.CheckOnly || o.Ask != nil {
		rep, err := f.store(ctx, s, who, src, first.Rows, true)
		if err != nil || rep.RefusedTotal > 0 || o.CheckOnly {
			return rep, err
		}
		if !o.Ask(rep) {
			rep.Declined = true
			return rep, nil
		}
	}
	return f.store(ctx, s, who, src, first.Rows, false)
}

var errUndo = errors.New("coverage: stored to see what changes")

// store stores the file in one transaction, or stores it and takes it back.
func (f statements[T]) store(ctx context.Context, s *Service, who access.Actor, src Source, rows int, undo bool) (StatementReport, error) {
	var rep StatementReport
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		rep = StatementReport{} // the closure may run again
		err := f.pass(ctx, who, src, &rep, true, func(fn func(tx *db.Tx) error) error { return fn(tx) })
		if err != nil {
			return err
		}
		if rep.RefusedTotal > 0 {
			return errStop
		}
		if rep.Rows != rows {
			return intake.ErrMoved
		}
		if undo {
			return errUndo
		}
		body, err := json.Marshal(map[string]any{"file": src.Name, "rows": rep.Rows, "changed": rep.Changed, "same": rep.Same, "older": rep.Older})
		if err != nil {
			return err
		}
		_, err = record.Append(tx, who, record.New{Subject: "import/" + string(id.New[id.Import](tx.Now)), Kind: f.kind, Body: body})
		return err
	})
	if errors.Is(err, errUndo) {
		return rep, nil
	}
	if errors.Is(err, errStop) {
		rep.Changed, rep.Same, rep.Older = 0, 0, 0
		return rep, nil
	}
	if err != nil {
		return StatementReport{}, err
	}
	return rep, nil
}

func (f statements[T]) pass(ctx context.Context, who access.Actor, src Source, rep *StatementReport, write bool, within func(func(tx *db.Tx) error) error) (err error) {
	file, err := src.Open()
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "The file cannot be opened")
	}
	defer func() { _ = file.Close() }() // only read from
	var batch []rawRow
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := within(func(tx *db.Tx) error { return f.batch(tx, who, batch, rep, write) })
		batch = batch[:0]
		return err
	}
	err = f.table.each(ctx, &limited{r: file, left: MaxFile}, func(line int, cell func(column string) string, reason string) error {
		rep.Rows++
		if reason != "" {
			rep.refuse(line, reason)
			return nil
		}
		row := rawRow{line: line, cells: map[string]string{}}
		for _, c := range f.table.columns {
			row.cells[c] = cell(c)
		}
		batch = append(batch, row)
		if len(batch) < statementBatch {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	var bad *Unreadable
	switch {
	case errors.As(err, &bad):
		rep.RefusedTotal++
		rep.Refused = append(rep.Refused, bad.Refusal)
		return nil
	case err != nil:
		return intake.Readable(err)
	case rep.Rows == 0:
		rep.RefusedTotal++
		rep.Refused = append(rep.Refused, Refusal{Place{}.String(), errNoRow})
	}
	return nil
}

// rawRow is a row before it is understood.
type rawRow struct {
	line  int
	cells map[string]string
}

// batch understands some rows, finds their members and stores what they say.
func (f statements[T]) batch(tx *db.Tx, who access.Actor, rows []rawRow, rep *StatementReport, write bool) error {
	var all []said[T]
	var numbers []string
	for _, r := range rows {
		cell := func(column string) string { return r.cells[column] }
		number := cell("member_number")
		if !isNumber(number) {
			rep.refuse(r.line, "member_number: is missing, or is no member number")
			continue
		}
		what, reason := f.read(tx, cell)
		if reason != "" {
			rep.refuse(r.line, reason)
			continue
		}
		all = append(all, said[T]{line: r.line, number: number, what: what})
		numbers = append(numbers, number)
	}
	known, err := member.Known(tx, who, numbers)
	if err != nil {
		return err
	}
	var group []said[T]
	taken := map[string]bool{}
	put := func() error {
		if !write || len(group) == 0 || rep.RefusedTotal > 0 {
			group = nil
			return nil
		}
		err := f.put(tx, group, rep)
		group = nil
		clear(taken)
		return err
	}
	for _, s := range all {
		m, ok := known[member.FoldNumber(s.number)]
		if !ok {
			rep.refuse(s.line, "member_number: no such member is loaded: load members first")
			continue
		}
		s.member = m.ID
		if taken[f.same(s)] {
			err = put()
			if err != nil {
				return err
			}
		}
		taken[f.same(s)] = true
		group = append(group, s)
	}
	return put()
}

// limited gives errTooLarge when a file goes on too long.
type limited struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	l.left -= int64(n)
	if l.left < 0 {
		return 0, errTooLarge
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, intake.ReadFailure(err)
	}
	return n, err
}

// dayOf reads a day as files write it.
func dayOf(column, text string) (civil.Date, string) {
	if text == "" {
		return civil.Date{}, ""
	}
	d, err := civil.Parse(text)
	if err != nil {
		return civil.Date{}, column + ": " + err.Error()
	}
	return d, ""
}
