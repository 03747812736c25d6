package sensitive

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

// Bounds of a list.
const (
	MaxFile     = 16 << 20
	maxRows     = 200_000
	maxRefusals = 1000
	longestCode = 20
)

// Deps is what the service stands on.
type Deps struct{ DB *db.DB }

// Service does what this package promises.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{Deps: d} }

// Refusal is a row that was not taken.
type Refusal struct {
	Line   int
	Reason string
}

// Report says what an import did. With Refused rows nothing was loaded.
type Report struct {
	Rows         int
	Refused      []Refusal // the first thousand
	RefusedTotal int
}

func (r *Report) refuse(line int, reason string) {
	r.RefusedTotal++
	if len(r.Refused) < maxRefusals {
		r.Refused = append(r.Refused, Refusal{line, reason})
	}
}

var (
	errHeader = fault.New(fault.Invalid, "The first line must name the columns: system,code,category")
	errSize   = fault.New(fault.TooLarge, "The list is larger than it may be (16 MB or 200,000 rows). Use beginnings of codes, such as F11*")
)

// Import puts the operator's list in the place of the one before, whole or not
// at all. It is CSV with the columns system, code and category; a code that
// ends in * stands for every code that begins so.
//
// The error is for a file that cannot be read or stored; refused rows are in
// the report.
func (s *Service) Import(ctx context.Context, who access.Actor, name string, r io.Reader) (Report, error) {
	err := who.May(access.ImportData)
	if err != nil {
		return Report{}, err
	}
	rep, list, err := readList(&bounded{r: r, left: MaxFile})
	if err != nil || rep.RefusedTotal > 0 {
		return rep, err
	}
	if len(list) == 0 {
		return Report{}, fault.New(fault.Invalid, "The file names its columns and holds no code")
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error { return replace(tx, who, name, list) })
	if err != nil {
		return Report{}, err
	}
	return rep, nil
}

func replace(tx *db.Tx, who access.Actor, name string, list []entry) error {
	_, err := tx.Exec("delete from sensitive_code")
	if err != nil {
		return err
	}
	count := map[Category]int{}
	for _, e := range list {
		count[e.category]++
		err := tx.Later("insert into sensitive_code (system, code, begins, category) values ($1, $2, $3, $4)",
			string(e.system), e.code, db.Bit(e.begins), string(e.category))
		if err != nil {
			return err
		}
	}
	body, err := json.Marshal(map[string]any{"file": name, "rows": count})
	if err != nil {
		return err
	}
	_, err = record.Append(tx, who, record.New{Subject: "import/" + string(id.New[id.Import](tx.Now)), Kind: "sensitive.loaded", Body: body})
	return err
}

func readList(r io.Reader) (Report, []entry, error) {
	var rep Report
	in := csv.NewReader(bufio.NewReader(r))
	in.FieldsPerRecord = -1
	head, err := in.Read()
	if err != nil {
		return rep, nil, unreadable(err)
	}
	at := map[string]int{}
	for i, h := range head {
		at[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")))] = i
	}
	for _, column := range []string{"system", "code", "category"} {
		if _, ok := at[column]; !ok || len(head) != 3 {
			return rep, nil, errHeader
		}
	}
	var list []entry
	lines := map[entry]int{}
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return rep, list, nil
		}
		if err != nil {
			return rep, nil, unreadable(err)
		}
		line, _ := in.FieldPos(0)
		rep.Rows++
		if rep.Rows > maxRows {
			return rep, nil, errSize
		}
		e, reason := entryOf(cells, at)
		if first, twice := lines[e]; reason == "" && twice {
			reason = fmt.Sprintf("the same code with the same category stands on line %d", first)
		}
		if reason != "" {
			rep.refuse(line, reason)
			continue
		}
		lines[e] = line
		list = append(list, e)
	}
}

// systems are those that a service or diagnosis of ours can have.
func systems() []code.System {
	return []code.System{code.ICD10CM, code.ICD10PCS, code.HCPCS, code.CPT, code.Revenue, code.NDC}
}

func entryOf(cells []string, at map[string]int) (entry, string) {
	if len(cells) != 3 {
		return entry{}, "has another number of cells than the first line"
	}
	cell := func(column string) string { return strings.TrimSpace(cells[at[column]]) }
	var e entry
	var ok bool
	e.system, ok = code.SystemOf(cell("system"))
	if !ok || !slices.Contains(systems(), e.system) {
		return entry{}, "system: is icd-10-cm, icd-10-pcs, hcpcs, cpt, revenue or ndc"
	}
	e.category, ok = ParseCategory(cell("category"))
	if !ok {
		return entry{}, "category: is substance use, behavioral health, hiv, reproductive health or genetic"
	}
	text, begins := strings.CutSuffix(cell("code"), "*")
	e.begins = begins
	e.code = strings.ToUpper(strings.NewReplacer(".", "", " ", "").Replace(text))
	if e.code == "" || len(e.code) > longestCode || strings.Trim(e.code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		return entry{}, "code: is a code, or the beginning of codes followed by *, such as F11*"
	}
	return e, ""
}

func unreadable(err error) error {
	var broken *csv.ParseError
	switch {
	case errors.As(err, &broken):
		return fault.Wrap(fault.Invalid, err, fmt.Sprintf("The list cannot be read as CSV from line %d on: a quotation mark is wrong or was never closed", broken.StartLine))
	case errors.Is(err, io.EOF):
		return errHeader
	}
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	return fault.Wrap(fault.Unavailable, err, "The file cannot be read to its end. Nothing was loaded")
}

// bounded gives errSize when a file goes on too long.
type bounded struct {
	r    io.Reader
	left int
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p[:min(len(p), b.left+1)])
	b.left -= n
	if b.left < 0 {
		return 0, errSize
	}
	return n, err
}
