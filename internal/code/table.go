package code

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"hsconnect/internal/civil"
)

// Limits of a table file. A year of every diagnosis and every supply code is
// a tenth of each.
const (
	MaxTableBytes   = 256 << 20
	MaxTableRows    = 1_000_000
	MaxRefusals     = 200 // more than anybody will read
	maxCodeBytes    = 20
	maxDisplayRunes = 500
)

// Refusal is one row that was not taken: its line in the file, and why, in
// words for the operator. It does not repeat the row.
type Refusal struct {
	Line   int
	Reason string
}

// What makes a whole file unreadable.
var (
	ErrTableHeader = errors.New("the first line must name the columns: system,code,display,from,to")
	ErrTableSize   = errors.New("the file is too large: at most 256 MB and 1,000,000 rows; split it by system")
)

// ReadTable reads the operator's table of codes: CSV in UTF-8 with the columns
// system, code, display, from and to, in any order. System is one of Systems
// or its FHIR address; from and to are YYYY-MM-DD or nothing, both inclusive.
//
// The file is whole or nothing: with refusals there are no rows. It stops
// looking after MaxRefusals. The error is ErrTableHeader, ErrTableSize, or
// what r gave.
func ReadTable(r io.Reader) ([]Row, []Refusal, error) {
	return readTable(r, MaxTableBytes, MaxTableRows)
}

func readTable(r io.Reader, maxBytes int64, maxRows int) ([]Row, []Refusal, error) {
	t := table{seen: map[rowKey]int{}}
	// One more, so that a file of just the limit is seen to end.
	source := &limited{r: r, left: maxBytes + 1}
	in := csv.NewReader(withoutMark(source))
	in.FieldsPerRecord = -1
	in.ReuseRecord = true
	if err := t.header(in); err != nil {
		return nil, nil, err
	}
	for len(t.refusals) < MaxRefusals {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			// Where a quote is wrong, all that follows may be part of it.
			t.refuse(broken.StartLine, "a quotation mark is wrong here or was never closed: write quotes inside a text twice")
			break
		}
		if err != nil {
			return nil, nil, err
		}
		line, _ := in.FieldPos(0)
		t.row(line, fields)
		if len(t.rows) > maxRows {
			return nil, nil, ErrTableSize
		}
	}
	if len(t.refusals) > 0 {
		return nil, t.refusals, nil
	}
	return t.rows, nil, nil
}

// table is a file half read.
type table struct {
	columns  [columnCount]int // where each column stands
	rows     []Row
	refusals []Refusal
	seen     map[rowKey]int // the line of each row
}

type rowKey struct {
	key
	from civil.Date
}

const (
	columnSystem = iota
	columnCode
	columnDisplay
	columnFrom
	columnTo
	columnCount
)

func (t *table) header(in *csv.Reader) error {
	fields, err := in.Read()
	var broken *csv.ParseError
	if errors.Is(err, io.EOF) || errors.As(err, &broken) {
		return ErrTableHeader
	}
	if err != nil {
		return err
	}
	if len(fields) != columnCount {
		return ErrTableHeader
	}
	found := map[string]int{}
	for i, f := range fields {
		found[strings.ToLower(strings.TrimSpace(f))] = i
	}
	for column, name := range []string{"system", "code", "display", "from", "to"} {
		at, ok := found[name]
		if !ok {
			return ErrTableHeader
		}
		t.columns[column] = at
	}
	return nil
}

func (t *table) refuse(line int, reason string) {
	t.refusals = append(t.refusals, Refusal{Line: line, Reason: reason})
}

func (t *table) row(line int, fields []string) {
	if len(fields) != columnCount {
		t.refuse(line, "the row has not five columns: put texts with a comma in quotation marks")
		return
	}
	r, err := t.parse(fields)
	if err != nil {
		t.refuse(line, err.Error())
		return
	}
	k := rowKey{keyOf(r.System, r.Code), r.From}
	if first, twice := t.seen[k]; twice {
		t.refuse(line, "the same code with the same first day stands in line "+strconv.Itoa(first)+" already: keep one of them")
		return
	}
	t.seen[k] = line
	t.rows = append(t.rows, r)
}

func (t *table) parse(fields []string) (Row, error) {
	field := func(column int) string { return strings.TrimSpace(fields[t.columns[column]]) }
	system, ok := SystemOf(field(columnSystem))
	if !ok {
		return Row{}, errors.New("system is none that we know: icd-10-cm, icd-10-pcs, hcpcs, cpt, pos, taxonomy, revenue, ndc, loinc, carc, rarc, claim-category or claim-status")
	}
	code, err := canonical(system, field(columnCode))
	if err != nil {
		return Row{}, err
	}
	// The reader's strings may share one array a row; the copies outlive it.
	r := Row{System: system, Code: strings.Clone(code), Display: strings.Clone(field(columnDisplay))}
	if err := checkDisplay(r.Display); err != nil {
		return Row{}, err
	}
	if text := field(columnFrom); text != "" {
		if r.From, err = civil.Parse(text); err != nil {
			return Row{}, errors.New("from: " + err.Error())
		}
	}
	if text := field(columnTo); text != "" {
		if r.To, err = civil.Parse(text); err != nil {
			return Row{}, errors.New("to: " + err.Error())
		}
	}
	if !r.To.IsZero() && r.To.Before(r.From) {
		return Row{}, errors.New("to is before from: to is the last day on which the code is valid")
	}
	return r, nil
}

func checkDisplay(text string) error {
	switch {
	case text == "":
		return errors.New("display is missing: write what the code means")
	case !utf8.ValidString(text):
		return errors.New("display is not UTF-8: save the file as CSV UTF-8")
	case utf8.RuneCountInString(text) > maxDisplayRunes:
		return errors.New("display is longer than 500 characters: shorten it")
	case strings.ContainsFunc(text, unicode.IsControl):
		return errors.New("display has a line break or another control character: take it out")
	}
	return nil
}

// canonical gives a code the form in which the rest of the program writes it.
func canonical(system System, text string) (string, error) {
	switch system {
	case ICD10CM:
		d, err := ParseDiagnosis(text)
		return string(d), err
	case HCPCS, CPT:
		p, err := ParseProcedure(text)
		if err == nil && p.System != system {
			return "", errors.New("this code has the shape of the other procedure system: HCPCS starts with a letter, CPT with a digit")
		}
		return p.Code, err
	case PlaceOfService:
		// The operator's table may be newer than our words.
		typed := bare(text)
		if len(typed) != 2 || !all(typed, isDigit) {
			return "", ErrPlaceShape
		}
		return typed, nil
	case Taxonomy:
		return ParseTaxonomy(text)
	case Revenue:
		return ParseRevenue(text)
	case ICD10PCS, NDC, LOINC, AdjustmentReason, RemarkCode, ClaimCategory, ClaimStatus:
	}
	typed := bare(text)
	if typed == "" || len(typed) > maxCodeBytes || !all(typed, func(c byte) bool { return isAlnum(c) || c == '-' }) {
		return "", errors.New("code must be 1 to 20 letters, digits and hyphens")
	}
	return typed, nil
}

// limited gives ErrTableSize where io.LimitReader would end quietly, which
// would load half a file as if it were whole.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, ErrTableSize
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	return n, err
}

// withoutMark drops the byte order mark that spreadsheets put first.
func withoutMark(r io.Reader) io.Reader {
	in := bufio.NewReader(r)
	if head, err := in.Peek(3); err == nil && string(head) == "\ufeff" {
		_, _ = in.Discard(3) // the three bytes just seen
	}
	return in
}
