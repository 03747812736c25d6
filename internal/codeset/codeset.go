// Package codeset keeps the code tables that the operator loads, with the
// days on which each code was valid. It promises to judge a code on the day
// of service (T-07, 45 CFR 162.925(c)), and to refuse none of a system for
// which no table is loaded.
package codeset

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

// maxSearch bounds, in bytes, what is looked for.
const maxSearch = 100

// Ask is one code on one day.
type Ask struct {
	System code.System
	Code   string
	On     civil.Date
}

// Answer is what is known of it: the operator's words where there are any.
type Answer struct {
	Display string
	State   code.State
}

// Known says whether a code of a system is valid on a day.
func Known(tx *db.Tx, system code.System, c string, on civil.Date) (display string, state code.State, err error) {
	got, err := Judge(tx, []Ask{{system, c, on}})
	if err != nil {
		return "", 0, err
	}
	return got[0].Display, got[0].State, nil
}

// row is one span of a code, in order of its first day.
type row struct {
	Ask

	from, to, display string
}

// Judge is Known for many codes in one read; answers stand in the
// order of asks, which are as many as a request carries.
func Judge(tx *db.Tx, asks []Ask) ([]Answer, error) {
	if len(asks) == 0 {
		return nil, nil
	}
	var where strings.Builder
	args := make([]any, 0, 2*len(asks))
	for i, a := range asks {
		if i > 0 {
			where.WriteString(" or ")
		}
		fmt.Fprintf(&where, "system = $%d and code = $%d", 2*i+1, 2*i+2)
		args = append(args, string(a.System), a.Code)
	}
	// The systems that have a table come along as rows without a code.
	rows, err := db.Collect(func(r *sql.Rows) (row, error) {
		var x row
		return x, r.Scan(&x.System, &x.Code, &x.from, &x.to, &x.display)
	})(tx.Rows("select system, code, from_on, to_on, display from codeset_row where "+where.String()+
		" union all select system, '', '', '', '' from codeset_system order by 3", args...))
	if err != nil {
		return nil, err
	}
	loaded := map[code.System]bool{}
	for _, r := range rows {
		loaded[r.System] = true
	}
	out := make([]Answer, len(asks))
	for i, a := range asks {
		out[i] = a.among(rows)
		if out[i].State == code.Unknown && !loaded[a.System] {
			out[i].State = code.NoTable
		}
	}
	return out, nil
}

// among judges one code by the rows that were found.
func (a Ask) among(rows []row) Answer {
	day := a.On.String()
	out := Answer{State: code.Unknown}
	ended := ""
	for _, r := range rows {
		if r.System != a.System || r.Code != a.Code {
			continue
		}
		if out.State == code.Unknown {
			out.State = code.NotYet
		}
		switch {
		case r.from > day:
			if out.State == code.NotYet && out.Display == "" {
				out.Display = r.display
			}
		case r.to == "" || r.to >= day:
			// Where spans overlap the later one holds: it comes last.
			out = Answer{r.display, code.Known}
		case out.State != code.Known && r.to >= ended:
			out, ended = Answer{r.display, code.Ended}, r.to
		}
	}
	return out
}

// Deps is what the service stands on.
type Deps struct {
	DB *db.DB
}

// Service does what this package promises.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{Deps: d} }

// Report says what an import did. With Refused rows nothing was loaded.
type Report struct {
	Rows    int
	Refused []code.Refusal
}

// Import replaces the tables of every system named in the operator's CSV file
// (system, code, display, from, to). It loads the whole file or nothing.
func (s *Service) Import(ctx context.Context, who access.Actor, name string, r io.Reader) (Report, error) {
	err := who.May(access.ImportData)
	if err != nil {
		return Report{}, err
	}
	rows, refused, err := code.ReadTable(r)
	switch {
	case errors.Is(err, code.ErrTableSize):
		return Report{}, fault.Wrap(fault.TooLarge, err, "The file cannot be read as a code table: "+err.Error())
	case errors.Is(err, code.ErrTableHeader):
		return Report{}, fault.Wrap(fault.Invalid, err, "The file cannot be read as a code table: "+err.Error())
	case err != nil:
		return Report{}, fault.Wrap(fault.Unavailable, err, "The file cannot be read to its end. Nothing was loaded")
	}
	if len(refused) > 0 {
		return Report{Rows: len(rows) + len(refused), Refused: refused}, nil
	}
	if len(rows) == 0 {
		return Report{}, fault.New(fault.Invalid, "The file names its columns and holds no code")
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error { return Replace(tx, who, name, rows) })
	if err != nil {
		return Report{}, err
	}
	return Report{Rows: len(rows)}, nil
}

// Replace puts rows in the place of the tables of every system they name.
func Replace(tx *db.Tx, who access.Actor, name string, rows []code.Row) error {
	err := who.May(access.ImportData)
	if err != nil {
		return err
	}
	systems := map[code.System]int{}
	for _, r := range rows {
		systems[r.System]++
	}
	for system := range systems {
		_, err := tx.Exec("delete from codeset_row where system = $1", string(system))
		if err != nil {
			return err
		}
		_, err = tx.Exec("insert into codeset_system (system, changed_us) values ($1, $2) on conflict (system) do update set changed_us = excluded.changed_us",
			string(system), db.Micros(tx.Now))
		if err != nil {
			return err
		}
	}
	for _, r := range rows {
		to := ""
		if !r.To.IsZero() {
			to = r.To.String()
		}
		_, err := tx.Exec("insert into codeset_row (system, code, from_on, to_on, display, display_folded) values ($1, $2, $3, $4, $5, $6)",
			string(r.System), r.Code, r.From.String(), to, r.Display, strings.ToLower(r.Display))
		if err != nil {
			return err
		}
	}
	body, err := json.Marshal(map[string]any{"file": name, "rows": systems})
	if err != nil {
		return err
	}
	_, err = record.Append(tx, who, record.New{Subject: "codes/" + string(id.New[id.Import](tx.Now)), Kind: "codes.loaded", Body: body})
	return err
}

// Match is one code found by a search.
type Match struct {
	System  code.System
	Code    string
	Display string
}

// Search gives up to 20 codes of a system valid on a day whose code begins
// with text, or whose words contain it. Text of fewer than two characters
// finds nothing.
func (s *Service) Search(ctx context.Context, system code.System, text string, on civil.Date) ([]Match, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxSearch || len([]rune(text)) < 2 || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return nil, nil
	}
	prefix := strings.ToUpper(text)
	if d, err := code.ParseDiagnosis(text); err == nil && system == code.ICD10CM {
		prefix = string(d) // typed as X12 sends it, without the dot
	}
	var out []Match
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		var err error
		out, err = db.Collect(func(r *sql.Rows) (Match, error) {
			m := Match{System: system}
			return m, r.Scan(&m.Code, &m.Display)
		})(tx.Rows(`select code, display from codeset_row
			where system = $1 and from_on <= $2 and (to_on = '' or to_on >= $3)
			and ((code >= $4 and code < $5) or display_folded like $6 escape '!')
			order by code limit 20`,
			string(system), on.String(), on.String(), prefix, prefix+"\U0010FFFF", "%"+escapeLike(strings.ToLower(text))+"%"))
		return err
	})
	return out, err
}

func escapeLike(text string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text)
}
