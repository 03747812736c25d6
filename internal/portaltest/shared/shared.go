// Package shared finds the public test material that lies beside the
// repository in ../shared. Outside a checkout that has it, tests that need it
// skip with a clear message; in CI its absence is a failure.
package shared

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Dir gives the path of name below ../shared (for example "data/x12/834").
func Dir(t testing.TB, name string) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("cannot find the source folder of this test")
	}
	root := filepath.Join(filepath.Dir(file), "..", "..", "..")
	dir := filepath.Join(root, "..", "shared", filepath.FromSlash(name))
	_, err := os.Stat(dir)
	if err == nil {
		return dir
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("the public test material %s is missing beside the repository", name)
	}
	t.Skipf("needs the public test material %s in ../shared, which is not beside this checkout", name)
	return ""
}
