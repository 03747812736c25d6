package archtest

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

const migrations = "internal/schema"

// table is a table as the migrations of one engine leave it.
type table struct {
	columns []column
	strict  bool
	place   string
}

type column struct{ name, kind string }

// engineKinds says how the one set of column types is written per engine.
// SQLite's strict tables know "integer" only, PostgreSQL's is 32 bits wide.
var engineKinds = map[string]map[string]string{
	"sqlite":   {"text": "text", "integer": "whole", "blob": "bytes"},
	"postgres": {"text": "text", "bigint": "whole", "bytea": "bytes"},
}

var (
	sqlComment = regexp.MustCompile(`--[^\n]*`)
	sqlString  = regexp.MustCompile(`'(?:[^']|'')*'`)
	createHead = regexp.MustCompile(`^create table(?: if not exists)? "?(\w+)"? ?\((.*)\)([^)]*)$`)
	addColumn  = regexp.MustCompile(`^alter table "?(\w+)"? add column (.+)$`)
	alterTable = regexp.MustCompile(`^alter table "?(\w+)"?`)
	dropTable  = regexp.MustCompile(`^drop table(?: if exists)? "?(\w+)"?$`)
	dropColumn = regexp.MustCompile(`^alter table "?(\w+)"? drop column "?(\w+)"?$`)
	fileName   = regexp.MustCompile(`^\d{14}_([a-z0-9]+)(_[a-z0-9_]+)?\.sql$`)
	space      = regexp.MustCompile(`\s+`)
)

// statements splits a migration at the semicolons that end statements.
// Bodies between StatementBegin and StatementEnd are triggers and functions,
// which make no tables: they are left out.
func statements(sql string) []string {
	var kept strings.Builder
	inside := false
	for line := range strings.SplitSeq(sql, "\n") {
		switch {
		case strings.Contains(line, "+goose StatementBegin"):
			inside = true
		case strings.Contains(line, "+goose StatementEnd"):
			inside = false
		case !inside:
			kept.WriteString(line + "\n")
		}
	}
	text := sqlString.ReplaceAllString(sqlComment.ReplaceAllString(kept.String(), ""), "''")
	var out []string
	for st := range strings.SplitSeq(text, ";") {
		st = strings.TrimSpace(space.ReplaceAllString(strings.ToLower(st), " "))
		if st != "" {
			out = append(out, st)
		}
	}
	return out
}

// split cuts at commas that stand outside parentheses.
func split(s string) (parts []string) {
	depth, from := 0, 0
	for i, c := range s {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, s[from:i])
				from = i + 1
			}
		}
	}
	return append(parts, s[from:])
}

var constraints = []string{"primary", "foreign", "unique", "check", "constraint", "exclude"}

func columns(body string) (cols []column) {
	for _, part := range split(body) {
		words := strings.FieldsFunc(part, func(r rune) bool { return r == ' ' || r == '(' || r == '"' })
		if len(words) == 0 || slices.Contains(constraints, words[0]) {
			continue
		}
		kind := ""
		if len(words) > 1 {
			kind = words[1]
		}
		cols = append(cols, column{words[0], kind})
	}
	return cols
}

// schemaOf plays the migrations of one engine forward.
func schemaOf(tr *tree, engine string) (tables map[string]*table, touched map[string]map[string]bool, found []finding) {
	tables, touched = map[string]*table{}, map[string]map[string]bool{}
	for _, name := range slices.Sorted(mapKeys(tr.files)) {
		if path.Dir(name) != migrations+"/"+engine || path.Ext(name) != ".sql" {
			continue
		}
		touched[name] = map[string]bool{}
		bad := func(format string, args ...any) {
			found = append(found, finding{key: name, place: name, text: fmt.Sprintf(format, args...)})
		}
		up, down, _ := strings.Cut(string(tr.files[name]), "-- +goose Down")
		if !strings.Contains(up, "-- +goose Up") {
			bad("a migration starts with '-- +goose Up'")
		}
		if len(statements(down)) > 0 {
			bad("migrations go forward only: take the '+goose Down' part out")
		}
		for _, st := range statements(up) {
			hit, err := apply(tables, st, name)
			if err != "" {
				bad("%s", err)
			}
			if hit != "" {
				touched[name][hit] = true
			}
		}
	}
	return tables, touched, found
}

// apply plays one statement and gives the table it makes or changes.
func apply(tables map[string]*table, st, file string) (hit, problem string) {
	if m := createHead.FindStringSubmatch(st); m != nil {
		tables[m[1]] = &table{columns: columns(m[2]), strict: strings.Contains(m[3], "strict"), place: file}
		return m[1], ""
	}
	if m := dropTable.FindStringSubmatch(st); m != nil {
		delete(tables, m[1])
		return m[1], ""
	}
	m := alterTable.FindStringSubmatch(st)
	if m == nil {
		if strings.HasPrefix(st, "create table") {
			return "", "cannot read the columns of: " + st[:min(len(st), 60)]
		}
		return "", ""
	}
	t := tables[m[1]]
	if t == nil {
		return "", "changes table " + m[1] + ", which no earlier migration makes"
	}
	if add := addColumn.FindStringSubmatch(st); add != nil {
		t.columns = append(t.columns, columns(add[2])...)
		return m[1], ""
	}
	if drop := dropColumn.FindStringSubmatch(st); drop != nil {
		t.columns = slices.DeleteFunc(t.columns, func(c column) bool { return c.name == drop[2] })
		return m[1], ""
	}
	if strings.Contains(st, " enable ") || strings.Contains(st, " constraint ") || strings.HasSuffix(st, " set unlogged") || strings.HasSuffix(st, " set storage external") {
		return m[1], ""
	}
	return m[1], "'alter table' that this test cannot follow: use 'add column' or 'drop column', or teach schema_test.go"
}

// engines checks that both engines have the same migrations, tables, columns
// and types, and that every SQLite table is strict.
func engines(tr *tree) []finding {
	lite, liteFiles, found := schemaOf(tr, "sqlite")
	pg, pgFiles, more := schemaOf(tr, "postgres")
	found = append(found, more...)
	found = append(found, lacks(liteFiles, pgFiles, "postgres")...)
	found = append(found, lacks(pgFiles, liteFiles, "sqlite")...)
	for _, name := range slices.Sorted(maps.Keys(lite)) {
		if !lite[name].strict {
			found = append(found, finding{key: name, place: lite[name].place, text: "table " + name + " is not strict: SQLite would take text in a number's column"})
		}
		if pg[name] == nil {
			found = append(found, finding{key: name, place: lite[name].place, text: "table " + name + " is missing on PostgreSQL"})
			continue
		}
		a, err := kinds("sqlite", lite[name])
		b, err2 := kinds("postgres", pg[name])
		for _, e := range []string{err, err2} {
			if e != "" {
				found = append(found, finding{key: name, place: lite[name].place, text: "table " + name + ": " + e})
			}
		}
		if err == "" && err2 == "" && !slices.Equal(a, b) {
			found = append(found, finding{key: name, place: lite[name].place, text: fmt.Sprintf("table %s differs: SQLite has %v, PostgreSQL has %v", name, a, b)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(pg)) {
		if lite[name] == nil {
			found = append(found, finding{key: name, place: pg[name].place, text: "table " + name + " is missing on SQLite"})
		}
	}
	return found
}

func lacks(have, want map[string]map[string]bool, engine string) (found []finding) {
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if _, ok := want[migrations+"/"+engine+"/"+path.Base(name)]; !ok {
			found = append(found, finding{key: name, place: name, text: "no migration of this name for " + engine})
		}
	}
	return found
}

func kinds(engine string, t *table) (cols []column, problem string) {
	for _, c := range t.columns {
		k, ok := engineKinds[engine][c.kind]
		if !ok {
			return nil, fmt.Sprintf("column %s has type %q, %s has %v", c.name, c.kind, engine, slices.Sorted(maps.Keys(engineKinds[engine])))
		}
		cols = append(cols, column{c.name, k})
	}
	return cols, ""
}

// owners reads tables.txt: who owns a table, and whether its rows are fixed.
func owners(tr *tree) (owner map[string]string, fixed map[string]bool, found []finding) {
	lines, found := tr.rules("tables.txt")
	owner, fixed = map[string]string{}, map[string]bool{}
	for _, f := range lines {
		if len(f) == 3 && f[2] == "fixed" {
			fixed[f[0]] = true
		} else if len(f) != 2 {
			found = append(found, finding{key: f[0], place: here + "/tables.txt", text: "cannot read the line: " + strings.Join(f, " ")})
			continue
		}
		owner[f[0]] = f[1]
	}
	return owner, fixed, found
}

// guards finds triggers that stand before a change to a table's rows. One
// that looks at single columns only does not keep the row as it was.
var guards = regexp.MustCompile(`\bbefore ((?:update|delete|truncate)(?: or (?:update|delete|truncate))*)\s+on\s+(\w+)`)

// immutable checks that the database itself refuses to change or remove rows
// of the tables that tables.txt calls fixed, on both engines.
func immutable(tr *tree) (found []finding) {
	_, fixed, _ := owners(tr)
	for _, engine := range []string{"sqlite", "postgres"} {
		refused := map[string]string{}
		for name, text := range tr.files {
			if path.Dir(name) == migrations+"/"+engine {
				for _, m := range guards.FindAllStringSubmatch(string(text), -1) {
					refused[m[2]] += m[1] + " "
				}
			}
		}
		for _, table := range slices.Sorted(mapKeys(fixed)) {
			for _, change := range []string{"update", "delete"} {
				if !strings.Contains(refused[table], change) {
					found = append(found, finding{key: table + " " + engine + " " + change, place: here + "/tables.txt", text: "table " + table + " is fixed, but no trigger of " + engine + " stands before " + change})
				}
			}
		}
	}
	return found
}

// ownership checks that each table has one owner, that a migration touches
// its own package's tables only, and that no other package names a table in
// SQL.
func ownership(tr *tree) []finding {
	owner, _, found := owners(tr)
	made := map[string]bool{}
	for _, engine := range []string{"sqlite", "postgres"} {
		tables, touched, _ := schemaOf(tr, engine)
		for name, t := range tables {
			if !made[name] && owner[name] == "" {
				found = append(found, finding{key: name, place: t.place, text: "table " + name + " has no owner: add it to tables.txt"})
			}
			made[name] = true
		}
		for file, hits := range touched {
			found = append(found, misplaced(file, hits, owner)...)
		}
	}
	for name := range owner {
		if !made[name] {
			found = append(found, finding{key: name, place: here + "/tables.txt", text: "table " + name + " is listed, but no migration makes it: take the line out"})
		}
	}
	l, _ := readLayout(tr)
	for _, q := range queries(tr) {
		if !l.counted(q.source) {
			continue
		}
		unit := l.unit(q.source.dir)
		for _, name := range q.tables() {
			if own := owner[name]; own != "" && own != unit {
				found = append(found, finding{key: unit + " " + name, place: q.place, text: unit + " names table " + name + " in SQL, which belongs to " + own + ": ask that package"})
			}
		}
	}
	return found
}

func misplaced(file string, hits map[string]bool, owner map[string]string) (found []finding) {
	m := fileName.FindStringSubmatch(path.Base(file))
	if m == nil {
		return []finding{{key: file, place: file, text: "a migration is named YYYYMMDDhhmmss_PACKAGE.sql or YYYYMMDDhhmmss_PACKAGE_words.sql"}}
	}
	for name := range hits {
		if own := owner[name]; own != "" && path.Base(own) != m[1] {
			found = append(found, finding{key: file, place: file, text: "a migration of " + m[1] + " makes or changes table " + name + ", which belongs to " + own})
		}
	}
	return found
}
