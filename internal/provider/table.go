package provider

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"hsconnect/internal/fault"
	"hsconnect/internal/intake"
)

// eachRow reads a file that begins with an object as NDJSON, any other as CSV.
func eachRow(r io.Reader, columns []string, progress func(int64), fn func(line int, row map[string]string, reason string)) error {
	in := bufio.NewReader(r)
	start, _ := in.Peek(64) // what cannot be read is met again by who reads it
	start = bytes.TrimLeft(bytes.TrimPrefix(start, []byte("\xef\xbb\xbf")), " \t\r\n")
	if bytes.HasPrefix(start, []byte("{")) {
		return eachObject(in, columns, progress, fn)
	}
	return eachLine(in, columns, progress, fn)
}

// eachObject reads NDJSON with the names of the columns. A value that is not
// there is empty.
func eachObject(r io.Reader, columns []string, progress func(int64), fn func(line int, row map[string]string, reason string)) error {
	file := &bounded{r: r, row: MaxFile, file: MaxFile}
	n := 0
	err := intake.Objects(file, func(o intake.Object) error {
		n++
		if n > maxRows {
			return errTooLarge
		}
		row, reason := map[string]string{}, o.Reason
		for name, value := range o.Values {
			if !slices.Contains(columns, name) && reason == "" {
				reason = "the object holds a name that is none of " + strings.Join(columns, ", ")
			}
			row[name] = strings.TrimSpace(value)
		}
		fn(o.Line, row, reason)
		if progress != nil {
			progress(MaxFile - file.file)
		}
		return nil
	})
	if errors.Is(err, intake.ErrLongLine) {
		return errLongRow
	}
	if err != nil {
		return unreadable(err, "The file cannot be read to its end")
	}
	return nil
}

// eachLine reads a CSV file whose first line names its columns. A row that is
// not as wide as the first line is handed on with the reason to refuse it.
func eachLine(r io.Reader, columns []string, progress func(int64), fn func(line int, row map[string]string, reason string)) error {
	file := &bounded{r: r, row: maxLine, file: MaxFile}
	in := csv.NewReader(file)
	in.ReuseRecord = true
	in.FieldsPerRecord = -1
	head, err := in.Read()
	if err != nil {
		return unreadable(err, "The file is empty, or its first line cannot be read as CSV")
	}
	at, err := header(head, columns)
	if err != nil {
		return err
	}
	width := len(head)
	for n := 0; ; n++ {
		file.row = maxLine
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return unreadable(err, "The file cannot be read as CSV: "+csvReason(err))
		}
		if n >= maxRows {
			return errTooLarge
		}
		line, _ := in.FieldPos(0)
		row, reason := map[string]string{}, ""
		if len(fields) != width {
			reason = "the row has another number of cells than the first line: put texts with a comma in quotation marks"
		}
		for _, c := range columns {
			if reason == "" {
				row[c] = strings.TrimSpace(fields[at[c]])
			}
		}
		fn(line, row, reason)
		if progress != nil {
			progress(in.InputOffset())
		}
	}
}

func header(head, columns []string) (map[string]int, error) {
	at := map[string]int{}
	for i, h := range head {
		h = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")))
		if _, twice := at[h]; twice && slices.Contains(columns, h) {
			return nil, fault.New(fault.Invalid, "The first line names the column \""+h+"\" twice")
		}
		at[h] = i
	}
	for _, c := range columns {
		if _, ok := at[c]; !ok {
			return nil, fault.New(fault.Invalid, "The first line must name the columns "+strings.Join(columns, ", ")+"; \""+c+"\" is missing")
		}
	}
	return at, nil
}

var (
	errTooLarge = fault.New(fault.TooLarge, "The file is larger than a directory file may be (128 MB or 500,000 rows). Split it")
	errLongRow  = fault.New(fault.Invalid, "The file cannot be read: a row is longer than 64 KB; a quotation mark was probably never closed")
)

// bounded stops a file that is too large, and a row that takes the rest of
// the file for one cell.
type bounded struct {
	r    io.Reader
	row  int
	file int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.file <= 0 {
		return 0, errTooLarge
	}
	if b.row <= 0 {
		return 0, errLongRow
	}
	p = p[:min(int64(len(p)), int64(b.row), b.file)]
	n, err := b.r.Read(p)
	b.row -= n
	b.file -= int64(n)
	return n, err
}

// unreadable gives an error of the reader words; a fault has its own.
func unreadable(err error, text string) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return err
	}
	return fault.Wrap(fault.Invalid, err, text)
}

func csvReason(err error) string {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return fmt.Sprintf("line %d is not CSV: write quotation marks inside a text twice", p.StartLine)
	}
	return "it cannot be read to its end"
}

func network(row map[string]string, reason string) (bool, string) {
	switch strings.ToLower(row["network"]) {
	case "yes", "y", "in", "1", "true":
		return true, reason
	case "no", "n", "out", "0", "false":
		return false, reason
	}
	if reason == "" {
		reason = "network: is yes or no"
	}
	return false, reason
}

func unfit(columns []string, row map[string]string) string {
	for _, c := range columns {
		v := row[c]
		if !utf8.ValidString(v) {
			return c + ": is not UTF-8 text; save the file as UTF-8"
		}
		if utf8.RuneCountInString(v) > maxField {
			return c + ": is longer than 200 characters"
		}
		if strings.ContainsFunc(v, unicode.IsControl) {
			return c + ": contains a control character"
		}
	}
	return ""
}
