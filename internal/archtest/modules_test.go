package archtest

import (
	"path"
	"strconv"
	"strings"
)

// modules checks that every module our code imports, and every tool, stands
// in modules.txt with its reason, and that nothing stands there in vain.
func modules(tr *tree) []finding {
	const file = here + "/modules.txt"
	lines, found := tr.rules("modules.txt")
	listed, tools := map[string]bool{}, map[string]bool{}
	for _, f := range lines {
		switch {
		case len(f) == 1:
			listed[f[0]] = true
		case len(f) == 2 && f[0] == "tool":
			tools[f[1]] = true
		default:
			found = append(found, finding{key: f[0], place: file, text: "cannot read the line: " + strings.Join(f, " ")})
		}
	}
	required := map[string]bool{}
	for _, r := range tr.mod.Require {
		required[r.Mod.Path] = true
		if !r.Indirect && !listed[r.Mod.Path] {
			found = append(found, finding{key: r.Mod.Path, place: "go.mod", text: "module " + r.Mod.Path + " is required, but modules.txt gives no reason for it"})
		}
	}
	for m := range listed {
		if !required[m] {
			found = append(found, finding{key: m, place: file, text: "module " + m + " is listed, but go.mod does not require it: take the line out"})
		}
	}
	for _, tool := range tr.mod.Tool {
		if !tools[tool.Path] {
			found = append(found, finding{key: tool.Path, place: "go.mod", text: "tool " + tool.Path + " has no 'tool' line in modules.txt"})
		}
		delete(tools, tool.Path)
	}
	for tool := range tools {
		found = append(found, finding{key: tool, place: file, text: "tool " + tool + " is listed, but go.mod does not name it: take the line out"})
	}
	return append(found, strangers(tr, listed)...)
}

// strangers finds imports from modules that are not listed, whatever go.mod
// calls them.
func strangers(tr *tree, listed map[string]bool) (found []finding) {
	seen := map[string]bool{}
	for _, s := range tr.sources {
		for _, imp := range s.ast.Imports {
			p, err := strconv.Unquote(imp.Path.Value)
			first, _, _ := strings.Cut(p, "/")
			if err != nil || !strings.Contains(first, ".") || seen[p] {
				continue
			}
			seen[p] = true
			m := p
			for m != "." && !listed[m] {
				m = path.Dir(m)
			}
			if m == "." {
				found = append(found, finding{key: p, place: tr.position(imp.Pos()), text: "imports " + p + ", whose module has no line in modules.txt"})
			}
		}
	}
	return found
}
