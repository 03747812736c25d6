package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
)

// comments checks that each package says what it promises, in one place.
func comments(tr *tree) (found []finding) {
	said := map[string]bool{}
	first := map[string]*source{}
	for _, s := range tr.sources {
		if s.test || s.generated {
			continue
		}
		if first[s.dir] == nil {
			first[s.dir] = s
		}
		if s.ast.Doc == nil {
			continue
		}
		want := "Package " + s.ast.Name.Name + " "
		if s.ast.Name.Name == "main" {
			want = "Command " + path.Base(s.dir) + " "
		}
		text := s.ast.Doc.Text()
		problem := ""
		switch {
		case !strings.HasPrefix(text, want):
			problem = "the comment on a package clause is the package comment, and starts with '" + want + "'"
		case len(strings.Fields(text)) < 8:
			problem = "the package comment is too short to say what the package promises"
		case said[s.dir]:
			problem = "a second package comment: the promise stands in one place"
		}
		said[s.dir] = true
		if problem != "" {
			found = append(found, finding{key: s.dir, place: s.path, text: problem})
		}
	}
	for dir, s := range first {
		if !said[dir] {
			found = append(found, finding{key: dir, place: s.path, text: "package " + dir + " has no package comment: say what it promises"})
		}
	}
	return found
}

// emptyNames say nothing about what a package is responsible for.
var emptyNames = []string{"util", "utils", "common", "models", "model", "helpers", "helper", "manager", "misc", "base", "core", "types", "lib", "service", "services"}

func packageNames(tr *tree) (found []finding) {
	for _, s := range tr.sources {
		if slices.Contains(emptyNames, s.ast.Name.Name) {
			found = append(found, finding{key: s.dir, place: s.path, text: "package name " + s.ast.Name.Name + " says nothing: name it after what it is responsible for"})
		}
	}
	return found
}

// globals checks that nothing happens before main and that no package keeps
// state: package variables are values that are made once and never changed.
func globals(tr *tree) (found []finding) {
	l, _ := readLayout(tr)
	vars := map[string]map[string]bool{}
	for _, s := range tr.sources {
		if !l.counted(s) || s.generated {
			continue
		}
		if vars[s.dir] == nil {
			vars[s.dir] = map[string]bool{}
		}
		for _, d := range s.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "init" {
					found = append(found, finding{key: s.path + " init", place: tr.position(d.Pos()), text: "no init: make it in a constructor, so that a test can make another"})
				}
			case *ast.GenDecl:
				if d.Tok == token.VAR {
					found = append(found, stateful(tr, s, d, vars[s.dir])...)
				}
			}
		}
	}
	for _, s := range tr.sources {
		if l.counted(s) && !s.generated {
			found = append(found, assigned(tr, s, vars[s.dir])...)
		}
	}
	return found
}

// stateful finds package variables that start empty, or that hold something
// made to be changed.
func stateful(tr *tree, s *source, d *ast.GenDecl, names map[string]bool) (found []finding) {
	for _, spec := range d.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		for i, name := range v.Names {
			if name.Name == "_" || embedded(d.Doc) || embedded(v.Doc) {
				continue
			}
			names[name.Name] = true
			if i < len(v.Values) && !mutable(v.Values[i]) {
				continue
			}
			found = append(found, finding{
				key: s.dir + "." + name.Name, place: tr.position(name.Pos()),
				text: "package variable " + name.Name + " keeps state: put it into a struct that a constructor makes",
			})
		}
	}
	return found
}

func embedded(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed") })
}

func mutable(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.CallExpr:
		f, ok := e.Fun.(*ast.Ident)
		return ok && (f.Name == "make" || f.Name == "new")
	case *ast.UnaryExpr:
		return e.Op == token.AND
	case *ast.CompositeLit:
		sel, ok := e.Type.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		x, ok := sel.X.(*ast.Ident)
		return ok && (x.Name == "sync" || x.Name == "atomic")
	}
	return false
}

// assigned finds assignments to package variables, their elements and fields.
func assigned(tr *tree, s *source, vars map[string]bool) (found []finding) {
	check := func(e ast.Expr) {
		root := e
		for {
			switch x := root.(type) {
			case *ast.IndexExpr:
				root = x.X
				continue
			case *ast.SelectorExpr:
				root = x.X
				continue
			case *ast.StarExpr:
				root = x.X
				continue
			}
			break
		}
		id, ok := root.(*ast.Ident)
		if !ok || !vars[id.Name] || (id.Obj != nil && s.ast.Scope.Lookup(id.Name) != id.Obj) {
			return
		}
		found = append(found, finding{key: s.dir + "." + id.Name, place: tr.position(e.Pos()), text: "package variable " + id.Name + " is changed here: package variables are made once"})
	}
	ast.Inspect(s.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					check(e)
				}
			}
		case *ast.IncDecStmt:
			check(n.X)
		}
		return true
	})
	return found
}

// The alarms ask for a look; only the limits fail.
const (
	fileAlarm, fileLimit   = 500, 800
	funcAlarm, funcLimit   = 60, 120
	packageAlarm, webAlarm = 3000, 6000
	webPackage             = "internal/web"
)

// sizes reports files and functions over the limits and logs those over the
// alarms. Tests may be long: a table is easier to read in one piece.
func sizes(tr *tree, t testing.TB) (found []finding) {
	packages := map[string]int{}
	for _, s := range tr.sources {
		if s.test || s.generated {
			continue
		}
		packages[s.dir] += s.lines
		if s.lines > fileLimit {
			found = append(found, finding{key: s.path, place: s.path, text: fmt.Sprintf("%d lines, the limit is %d: it holds more than one thing", s.lines, fileLimit)})
		} else if s.lines > fileAlarm {
			t.Logf("alarm: %s has %d lines", s.path, s.lines)
		}
		for _, d := range s.ast.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			n := tr.fset.Position(f.End()).Line - tr.fset.Position(f.Pos()).Line + 1
			if n > funcLimit {
				found = append(found, finding{key: s.dir + "." + f.Name.Name, place: tr.position(f.Pos()), text: fmt.Sprintf("%s has %d lines, the limit is %d", f.Name.Name, n, funcLimit)})
			} else if n > funcAlarm {
				t.Logf("alarm: %s: %s has %d lines", tr.position(f.Pos()), f.Name.Name, n)
			}
		}
	}
	for dir, n := range packages {
		if alarm := map[bool]int{true: webAlarm, false: packageAlarm}[dir == webPackage]; n > alarm {
			t.Logf("alarm: package %s has %d lines", dir, n)
		}
	}
	return found
}
