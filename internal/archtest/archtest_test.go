package archtest

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

func lineOf(name string, line int) string { return fmt.Sprintf("%s:%d", name, line) }

// check is one rule of the house, by the name that exceptions use.
type check struct {
	name string
	run  func(tr *tree) []finding
}

func checks(t testing.TB) []check {
	return []check{
		{"layers", layers},
		{"modules", modules},
		{"engines", engines},
		{"ownership", ownership},
		{"immutable", immutable},
		{"dialect", dialect},
		{"rows", unfinished},
		{"calls", banned},
		{"comments", comments},
		{"names", packageNames},
		{"globals", globals},
		{"sizes", func(tr *tree) []finding { return sizes(tr, t) }},
		{"actors", actors},
		{"words", words},
	}
}

// excuse takes out what exceptions.txt excuses, and adds the exceptions that
// excuse nothing.
func excuse(tr *tree, all map[string][]finding) {
	lines, bad := tr.rules("exceptions.txt")
	for _, f := range lines {
		name, key := f[0], strings.Join(f[1:], " ")
		kept := slices.DeleteFunc(slices.Clone(all[name]), func(x finding) bool { return x.key == key })
		if len(kept) == len(all[name]) {
			bad = append(bad, finding{key: name, place: here + "/exceptions.txt", text: "nothing needs this exception any more: " + name + " " + key})
		}
		all[name] = kept
	}
	all["exceptions"] = bad
}

func findings(t testing.TB, tr *tree) map[string][]finding {
	all := map[string][]finding{}
	for _, c := range checks(t) {
		all[c.name] = c.run(tr)
	}
	excuse(tr, all)
	return all
}

func TestTree(t *testing.T) {
	all := findings(t, repository(t))
	for _, name := range slices.Sorted(mapKeys(all)) {
		t.Run(name, func(t *testing.T) {
			for _, f := range all[name] {
				t.Errorf("%s: %s\n\tin exceptions.txt this would be: %s %s", f.place, f.text, name, f.key)
			}
		})
	}
}

// TestChecksCanFail runs every check on made-up trees, each of which lists in
// its file "want" exactly what is wrong with it, as CHECK KEY.
func TestChecksCanFail(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no made-up trees: %v", err)
	}
	proven := map[string]bool{"sizes": true, "words": true} // below
	for _, name := range archives {
		t.Run(strings.TrimSuffix(path.Base(filepath.ToSlash(name)), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string][]byte{}
			for _, f := range archive.Files {
				files[f.Name] = f.Data
			}
			want := strings.Split(strings.TrimSpace(string(files["want"])), "\n")
			delete(files, "want")
			compare(t, findings(t, parse(t, withRules(t, files))), want, proven)
		})
	}
	for _, c := range checks(t) {
		if !proven[c.name] {
			t.Errorf("no made-up tree breaks %s: it may be unable to fail", c.name)
		}
	}
}

// withRules gives a made-up tree the real rules, where it brings none.
func withRules(t *testing.T, files map[string][]byte) map[string][]byte {
	t.Helper()
	for _, name := range []string{"calls.txt", "sql.txt", "verbs.txt", "words.txt"} {
		if _, ok := files[here+"/"+name]; ok {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[here+"/"+name] = b
	}
	if _, ok := files["go.mod"]; !ok {
		files["go.mod"] = []byte("module hsconnect\n")
	}
	return files
}

func compare(t *testing.T, all map[string][]finding, want []string, proven map[string]bool) {
	t.Helper()
	var got []string
	for name, list := range all {
		for _, f := range list {
			got = append(got, name+" "+f.key)
			proven[name] = true
		}
	}
	slices.Sort(got)
	got = slices.Compact(got)
	slices.Sort(want)
	for _, g := range got {
		if !slices.Contains(want, g) {
			t.Errorf("found, but is not wrong: %s", g)
		}
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("is wrong, but was not found: %s", w)
		}
	}
}

func TestSizesCanFail(t *testing.T) {
	head := "// Package a has a length that this test sets.\npackage a\n"
	for _, c := range []struct {
		name string
		text string
		want string
	}{
		{"file at the limit", head + strings.Repeat("\n", fileLimit-2), ""},
		{"file over it", head + strings.Repeat("\n", fileLimit-1), "internal/a/a.go"},
		{"function at the limit", head + "func F() {" + strings.Repeat("\n", funcLimit-1) + "}\n", ""},
		{"function over it", head + "func F() {" + strings.Repeat("\n", funcLimit) + "}\n", "internal/a.F"},
	} {
		got := ""
		for _, f := range sizes(parse(t, withRules(t, map[string][]byte{"internal/a/a.go": []byte(c.text)})), t) {
			got += f.key
		}
		if got != c.want {
			t.Errorf("%s: found %q, want %q", c.name, got, c.want)
		}
	}
}

// The words check cannot be shown a made-up tree in testdata: the tree itself
// would hold the words.
func TestWordsCanFail(t *testing.T) {
	for _, bad := range []string{"// TO" + "DO later", "see /ho" + "me/ann/notes", `"/ro` + `ot/x"`, "https://registry." + "npmjs.org/x", "<<<<" + "<<< mine"} {
		files := withRules(t, map[string][]byte{"a.md": []byte(bad)})
		if n := len(words(parse(t, files))); n != 1 {
			t.Errorf("%q: %d findings, want 1", bad, n)
		}
	}
	for _, good := range []string{"todo list", "/authorizations/new", "a/work/b is relative", "<<EOF", "http://host/home/x"} {
		files := withRules(t, map[string][]byte{"a.md": []byte(good)})
		if found := words(parse(t, files)); len(found) != 0 {
			t.Errorf("%q: %v", good, found)
		}
	}
}
