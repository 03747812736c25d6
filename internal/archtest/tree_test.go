package archtest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// here is this package's folder in the tree.
const here = "internal/archtest"

// source is one Go file.
type source struct {
	path      string // below the root, with slashes
	dir       string // its package's folder
	test      bool
	generated bool
	ast       *ast.File
	lines     int
}

// tree is a source tree held in memory: the repository, or a made-up one.
type tree struct {
	module  string
	mod     *modfile.File
	files   map[string][]byte
	fset    *token.FileSet
	sources []*source
}

// finding is one break of a rule. Key is what an exception has to name; it
// carries no line number, so that an exception outlives an edit above it.
type finding struct {
	key   string
	place string
	text  string
}

// parse makes a tree of files by their path below the root.
func parse(t testing.TB, files map[string][]byte) *tree {
	t.Helper()
	mod, err := modfile.Parse("go.mod", files["go.mod"], nil)
	if err != nil {
		t.Fatal(err)
	}
	tr := &tree{module: mod.Module.Mod.Path, mod: mod, files: files, fset: token.NewFileSet()}
	for _, name := range slices.Sorted(mapKeys(files)) {
		if path.Ext(name) != ".go" || strings.Contains(name, "/testdata/") {
			continue
		}
		f, err := parser.ParseFile(tr.fset, name, files[name], parser.ParseComments)
		if err != nil {
			t.Errorf("cannot read: %v", err)
			continue
		}
		tr.sources = append(tr.sources, &source{
			path: name, dir: path.Dir(name), ast: f,
			test:      strings.HasSuffix(name, "_test.go"),
			generated: ast.IsGenerated(f),
			lines:     bytes.Count(files[name], []byte("\n")),
		})
	}
	return tr
}

func mapKeys[V any](m map[string]V) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// repository reads the tree that this package stands in: what git tracks or
// would track, and the Go files that are generated before a build.
func repository(t testing.TB) *tree {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, name := range names(t, root) {
		full := filepath.Join(root, filepath.FromSlash(name))
		info, err := os.Lstat(full)
		if err != nil || !info.Mode().IsRegular() || info.Size() > 4<<20 {
			continue // removed but not yet committed, a link, or nothing that a person wrote
		}
		files[name], err = os.ReadFile(full)
		if err != nil {
			t.Fatal(err)
		}
	}
	return parse(t, files)
}

// skipped are folders that hold what a build made.
var skipped = []string{".git", ".cache", "bin", "data", "node_modules", "dist"}

func names(t testing.TB, root string) []string {
	t.Helper()
	var tracked map[string]bool
	out, err := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err == nil { // an unpacked source archive has no git: then everything counts
		tracked = map[string]bool{}
		for name := range strings.SplitSeq(string(out), "\x00") {
			tracked[name] = true
		}
	}
	var found []string
	err = filepath.WalkDir(root, func(full string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && slices.Contains(skipped, e.Name()) {
			return filepath.SkipDir
		}
		rel, err := filepath.Rel(root, full)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if !e.IsDir() && (tracked == nil || tracked[name] || strings.HasSuffix(name, "_templ.go")) {
			found = append(found, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// position gives file and line of a node.
func (tr *tree) position(p token.Pos) string {
	at := tr.fset.Position(p)
	at.Column = 0
	return at.String()
}

// rules reads a rule file of this folder: the fields of each line, before
// its reason. A line without a reason is a finding.
func (tr *tree) rules(name string) (lines [][]string, bad []finding) {
	file := path.Join(here, name)
	n := 0
	for line := range strings.SplitSeq(string(tr.files[file]), "\n") {
		n++
		text := strings.TrimSpace(line)
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		rule, reason, _ := strings.Cut(text, " -- ")
		if strings.TrimSpace(reason) == "" {
			bad = append(bad, finding{key: file, place: file, text: "this line gives no reason after ' -- ': " + text})
			continue
		}
		lines = append(lines, strings.Fields(rule))
	}
	return lines, bad
}

// within says whether path p is prefix or lies below it.
func within(p, prefix string) bool {
	return p == prefix || strings.HasPrefix(p, prefix+"/")
}
