package archtest

import (
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
)

// call is one line of calls.txt: what may not be named, and where it may.
type call struct {
	pkg, name string // name "*" is the whole package
	allowed   []string
}

func readCalls(tr *tree) (calls []call, found []finding) {
	lines, found := tr.rules("calls.txt")
	for _, f := range lines {
		dot := strings.LastIndex(f[0], ".")
		if dot < 0 {
			found = append(found, finding{key: f[0], place: here + "/calls.txt", text: "the line starts with PACKAGE.NAME or PACKAGE.*: " + f[0]})
			continue
		}
		calls = append(calls, call{f[0][:dot], f[0][dot+1:], f[1:]})
	}
	return calls, found
}

// banned checks that the product's own code names nothing of calls.txt.
func banned(tr *tree) []finding {
	calls, found := readCalls(tr)
	l, _ := readLayout(tr)
	for _, s := range tr.sources {
		if !l.counted(s) || s.generated {
			continue
		}
		local := localNames(s.ast)
		ast.Inspect(s.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if !ok || x.Obj != nil { // x.Obj: a variable of the same name as the package
				return true
			}
			for _, c := range calls {
				if local[x.Name] == c.pkg && (c.name == "*" || c.name == sel.Sel.Name) && !slices.ContainsFunc(c.allowed, func(p string) bool { return within(s.dir, p) }) {
					found = append(found, finding{
						key: s.path + " " + c.pkg + "." + sel.Sel.Name, place: tr.position(sel.Pos()),
						text: c.pkg + "." + sel.Sel.Name + " may not be used here: calls.txt says why",
					})
				}
			}
			return true
		})
	}
	return found
}

// localNames gives the import path behind each package name of a file.
func localNames(f *ast.File) map[string]string {
	names := map[string]string{}
	for _, imp := range f.Imports {
		p, err := strconv.Unquote(imp.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(p)
		if strings.HasPrefix(name, "v") && len(name) < 4 { // math/rand/v2 is named rand
			name = path.Base(path.Dir(p))
		}
		if imp.Name != nil {
			name = imp.Name.Name
		}
		names[name] = p
	}
	return names
}
