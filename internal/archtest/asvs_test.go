package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/asvs.md claims nothing without a test: every test that it names exists,
// every row names one, and no row is there twice.
func TestAsvs(t *testing.T) {
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "docs", "asvs.md"))
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, dir := range []string{"internal", "e2e"} {
		err = filepath.WalkDir(filepath.Join(root, dir), func(path string, e fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case e.IsDir() && e.Name() == "node_modules":
				return filepath.SkipDir
			case !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(path, ".test.mjs"):
				return nil
			}
			raw, err := os.ReadFile(path)
			code.Write(raw)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	there := code.String()
	goTest, walk, row := regexp.MustCompile("`(Test[A-Za-z0-9]+)`"), regexp.MustCompile(`"([^"]{12,})"`), regexp.MustCompile(`^\| (\d+\.\d+\.\d+) \|`)
	seen := map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		m := row.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if seen[m[1]] {
			t.Errorf("%s stands twice", m[1])
		}
		seen[m[1]] = true
		cells := strings.Split(line, "|")
		tests := cells[len(cells)-2]
		named := 0
		for _, name := range goTest.FindAllStringSubmatch(tests, -1) {
			named++
			if !strings.Contains(there, "func "+name[1]+"(t *testing.T)") {
				t.Errorf("%s names %s, which does not exist", m[1], name[1])
			}
		}
		for _, name := range walk.FindAllStringSubmatch(tests, -1) {
			named++
			if !strings.Contains(there, "test('"+name[1]+"'") {
				t.Errorf("%s names the walk %q, which does not exist", m[1], name[1])
			}
		}
		if named == 0 {
			t.Errorf("%s names no test", m[1])
		}
	}
	if len(seen) < 60 {
		t.Errorf("the tables have %d rows", len(seen))
	}
}
