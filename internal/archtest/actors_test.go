package archtest

import (
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// actorTiers are the tiers whose exported writers name their actor.
var actorTiers = []string{"trust", "subject", "work"}

const accessPackage = "internal/access"

// actors checks that an exported function or method of the domain whose name
// starts with a writing verb, and that can reach the database (it takes a
// context or a transaction), takes an access.Actor: no write without a name.
func actors(tr *tree) []finding {
	lines, found := tr.rules("verbs.txt")
	var verbs []string
	for _, f := range lines {
		verbs = append(verbs, f...)
	}
	l, _ := readLayout(tr)
	for _, s := range tr.sources {
		if !l.counted(s) || !slices.Contains(actorTiers, l.tier[l.unit(s.dir)]) || within(s.dir, accessPackage) {
			continue
		}
		for _, d := range s.ast.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() || !slices.Contains(verbs, firstWord(f.Name.Name)) {
				continue
			}
			recv := receiver(f)
			if recv != "" && !ast.IsExported(recv) {
				continue
			}
			if reaches(f, "context", "Context") || reaches(f, "db", "Tx") {
				if !reaches(f, "access", "Actor") {
					name := strings.TrimPrefix(recv+"."+f.Name.Name, ".")
					found = append(found, finding{key: s.dir + "." + name, place: tr.position(f.Pos()), text: name + " writes, but takes no access.Actor: every write names who does it"})
				}
			}
		}
	}
	return found
}

// firstWord gives the first word of a name such as SubmitDraft, lower-case.
func firstWord(name string) string {
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			return strings.ToLower(name[:i])
		}
	}
	return strings.ToLower(name)
}

func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return ""
	}
	t := f.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
			continue
		case *ast.IndexExpr:
			t = x.X
			continue
		case *ast.Ident:
			return x.Name
		}
		return ""
	}
}

// reaches says whether a parameter of f has type pkg.name, or a pointer to it.
func reaches(f *ast.FuncDecl, pkg, name string) bool {
	for _, p := range f.Type.Params.List {
		t := p.Type
		if star, ok := t.(*ast.StarExpr); ok {
			t = star.X
		}
		sel, ok := t.(*ast.SelectorExpr)
		if !ok {
			continue
		}
		x, ok := sel.X.(*ast.Ident)
		if ok && x.Name == pkg && sel.Sel.Name == name {
			return true
		}
	}
	return false
}

// words checks every text file of the tree against words.txt.
func words(tr *tree) []finding {
	lines, found := tr.rules("words.txt")
	var bans []*regexp.Regexp
	for _, f := range lines {
		re, err := regexp.Compile(strings.Join(f, " "))
		if err != nil {
			found = append(found, finding{key: f[0], place: here + "/words.txt", text: "cannot read the pattern " + strings.Join(f, " ")})
			continue
		}
		bans = append(bans, re)
	}
	for _, name := range slices.Sorted(mapKeys(tr.files)) {
		text := tr.files[name]
		if slices.Contains(text[:min(len(text), 8000)], 0) {
			continue // not text
		}
		for _, re := range bans {
			at := re.FindIndex(text)
			if at == nil {
				continue
			}
			line := 1 + strings.Count(string(text[:at[0]]), "\n")
			found = append(found, finding{key: name + " " + re.String(), place: lineOf(name, line), text: "matches " + re.String() + ", which words.txt rules out"})
		}
	}
	return found
}
