package coverage

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
)

// maxLine bounds one row of a CSV file, in bytes, so that a quotation mark
// that is never closed does not take the whole file for one cell.
const maxLine = 64 << 10

// WrongWidth is what is wrong with a row that does not fit the first line.
const WrongWidth = "has another number of cells than the first line: put texts with a comma in quotation marks"

// Rows reads a CSV file whose first line names its columns, in any order.
type Rows struct {
	in    *csv.Reader
	b     *budget
	at    map[string]int
	width int
}

// ReadRows reads the first line, which names columns out of those given, and
// all that are needed. The error is an *Unreadable for a file of which no row
// can be trusted.
func ReadRows(r io.Reader, columns, needed []string) (*Rows, error) {
	b := &budget{r: r, left: maxLine}
	rows := &Rows{in: csv.NewReader(bufio.NewReader(b)), b: b}
	rows.in.FieldsPerRecord = -1
	rows.in.ReuseRecord = true
	head, err := rows.in.Read()
	if errors.Is(err, io.EOF) {
		return nil, &Unreadable{Refusal{Place{}.String(), "The file is empty, or its first line cannot be read as CSV"}}
	}
	if err != nil {
		return nil, csvError(err)
	}
	at, reason := header(head, columns, needed)
	if reason != "" {
		return nil, &Unreadable{Refusal{Place{Line: 1}.String(), reason}}
	}
	rows.at, rows.width = at, len(head)
	return rows, nil
}

// Next gives the next row and its line; the cells hold until the next call.
// At the end of the file the error is io.EOF, and an *Unreadable where no
// further row can be told from the one before.
func (r *Rows) Next() (line int, cells []string, err error) {
	r.b.left = maxLine
	cells, err = r.in.Read()
	if errors.Is(err, io.EOF) {
		return 0, nil, io.EOF
	}
	if err != nil {
		return 0, nil, csvError(err)
	}
	line, _ = r.in.FieldPos(0)
	return line, cells, nil
}

// Fits tells whether a row has as many cells as the first line.
func (r *Rows) Fits(cells []string) bool { return len(cells) == r.width }

// Cell gives what a row that fits says in a column, without the blanks around
// it; nothing where the file has no such column.
func (r *Rows) Cell(cells []string, column string) string {
	i, ok := r.at[column]
	if !ok {
		return ""
	}
	return strings.TrimSpace(cells[i])
}

// header finds the columns, or says what is wrong with the first line.
func header(head, columns, needed []string) (at map[string]int, reason string) {
	at = map[string]int{}
	for i, h := range head {
		name := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")))
		_, twice := at[name]
		switch {
		case twice:
			return nil, "the first line names a column twice"
		case !slices.Contains(columns, name):
			return nil, "the first line names a column that is none of " + strings.Join(columns, ", ") + ". Save the file as CSV in UTF-8, with commas between the cells"
		}
		at[name] = i
	}
	for _, name := range needed {
		if _, ok := at[name]; !ok {
			return nil, "the first line must name the columns " + strings.Join(needed, ", ") + "; " + name + " is missing"
		}
	}
	return at, ""
}

func csvError(err error) error {
	if errors.Is(err, errLongLine) {
		return &Unreadable{Refusal{"the file", "a row is longer than 64 KB: a quotation mark was probably never closed"}}
	}
	var broken *csv.ParseError
	if errors.As(err, &broken) {
		return &Unreadable{Refusal{Place{Line: broken.StartLine}.String(), "a quotation mark is wrong here or was never closed: write quotation marks inside a text twice"}}
	}
	return err
}

var errLongLine = errors.New("coverage: a row is too long")

// budget gives errLongLine when one row asks for too much.
type budget struct {
	r    io.Reader
	left int
}

// Read implements io.Reader.
func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLongLine
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
