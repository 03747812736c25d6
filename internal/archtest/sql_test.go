package archtest

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// query is a text in Go code that reads as SQL.
type query struct {
	source *source
	place  string
	text   string
	whole  bool // nothing in it is made while the program runs
}

var (
	looksSQL = regexp.MustCompile(`(?s)\b(select\s.*\bfrom\b|insert into\s+\w|update\s+\w+\s+(as \w+\s+)?set\b|delete from\s+\w|join\s+\w+.*\bon\b|from\s+\w+.*\bwhere\b)`)
	names1   = regexp.MustCompile(`\b(?:join|into|update|using|references)\s+"?(\w+)`)
	fromList = regexp.MustCompile(`(?s)\bfrom\s+([^()]*?)(?:\b(?:where|join|left|inner|cross|full|on|set|order|group|having|limit|for|returning|union|except|intersect|select|values)\b|[()]|$)`)
	holder   = regexp.MustCompile(`\$(\d+)`)
)

// hole stands in a query for a part made while the program runs.
const hole = "\x00"

// queries finds every text of the tree that reads as SQL: constants and
// concatenations are followed inside a package.
func queries(tr *tree) (found []query) {
	consts := map[string]map[string]string{}
	for range 2 { // twice, for constants made of constants of a later file
		for _, s := range tr.sources {
			if consts[s.dir] == nil {
				consts[s.dir] = map[string]string{}
			}
			collectConsts(s, consts[s.dir])
		}
	}
	for _, s := range tr.sources {
		ast.Inspect(s.ast, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			text, ok := textOf(e, consts[s.dir])
			if !ok {
				return true
			}
			if _, isName := e.(*ast.Ident); !isName && looksSQL.MatchString(text) {
				found = append(found, query{source: s, place: tr.position(e.Pos()), text: text, whole: !strings.Contains(text, hole)})
			}
			return false
		})
	}
	return found
}

func collectConsts(s *source, into map[string]string) {
	for _, d := range s.ast.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, spec := range g.Specs {
			v, ok := spec.(*ast.ValueSpec)
			if !ok || len(v.Names) != len(v.Values) {
				continue
			}
			for i, name := range v.Names {
				if text, ok := textOf(v.Values[i], into); ok {
					into[name.Name] = text
				}
			}
		}
	}
}

// textOf gives the text of a string expression, with holes for the parts that
// are not constant; false if nothing in it is text.
func textOf(e ast.Expr, consts map[string]string) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.ParenExpr:
		return textOf(e.X, consts)
	case *ast.Ident:
		text, ok := consts[e.Name]
		return text, ok
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", false
		}
		x, xok := textOf(e.X, consts)
		y, yok := textOf(e.Y, consts)
		if !xok && !yok {
			return "", false
		}
		if !xok {
			x = hole
		}
		if !yok {
			y = hole
		}
		return x + y, true
	}
	return "", false
}

// tables gives the names that stand where SQL wants a table.
func (q query) tables() (out []string) {
	for _, m := range names1.FindAllStringSubmatch(q.text, -1) {
		out = append(out, m[1])
	}
	for _, m := range fromList.FindAllStringSubmatch(q.text, -1) {
		for part := range strings.SplitSeq(m[1], ",") {
			words := strings.Fields(part)
			if len(words) > 0 {
				out = append(out, strings.Trim(words[0], `";`))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// dialect checks the SQL in Go code against sql.txt, and that placeholders
// are numbered in order, each once: a driver that binds by position would
// otherwise swap values without a word.
func dialect(tr *tree) []finding {
	lines, found := tr.rules("sql.txt")
	type ban struct {
		re  *regexp.Regexp
		raw string
	}
	var bans []ban
	for _, f := range lines {
		raw := strings.Join(f, " ")
		re, err := regexp.Compile(raw)
		if err != nil {
			found = append(found, finding{key: raw, place: here + "/sql.txt", text: "cannot read the pattern " + raw})
			continue
		}
		bans = append(bans, ban{re, raw})
	}
	l, _ := readLayout(tr)
	for _, q := range queries(tr) {
		if !l.counted(q.source) {
			continue
		}
		text := sqlString.ReplaceAllString(q.text, "''")
		for _, b := range bans {
			if b.re.MatchString(text) {
				found = append(found, finding{key: q.source.path + " " + b.raw, place: q.place, text: "SQL matches " + b.raw + ", which sql.txt rules out"})
			}
		}
		if q.whole && !inOrder(text) {
			found = append(found, finding{key: q.source.path + " placeholders", place: q.place, text: "placeholders are not $1 to $n in order, each once: repeat the argument instead of the number"})
		}
	}
	return found
}

func inOrder(text string) bool {
	for i, m := range holder.FindAllStringSubmatch(text, -1) {
		if m[1] != strconv.Itoa(i+1) {
			return false
		}
	}
	return true
}

// unfinished finds loops over rows that never ask whether the rows ended
// because of an error: a cut connection would look like a short list.
func unfinished(tr *tree) (found []finding) {
	for _, s := range tr.sources {
		for _, d := range s.ast.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			asked := map[string]bool{}
			ast.Inspect(f, func(n ast.Node) bool {
				asked[called(n, "Err")] = true
				return true
			})
			ast.Inspect(f, func(n ast.Node) bool {
				loop, ok := n.(*ast.ForStmt)
				if !ok {
					return true
				}
				rows := called(loop.Cond, "Next")
				if rows != "" && !asked[rows] {
					found = append(found, finding{key: s.path + " " + f.Name.Name, place: tr.position(loop.Pos()), text: "after the loop over " + rows + ".Next() nothing looks at " + rows + ".Err(): use db.Collect"})
				}
				return true
			})
		}
	}
	return found
}

// called gives the variable x of a call x.method(), or "".
func called(n ast.Node, method string) string {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) > 0 {
		return ""
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != method {
		return ""
	}
	x, ok := sel.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return x.Name
}
