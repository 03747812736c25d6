package main

import (
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"hsconnect/internal/db/dbtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"hsconnect": main})
}

// TestScripts runs the command line as an operator does, on the embedded
// database.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:  "testdata/script",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"flip": flip},
		Setup: func(e *testscript.Env) error {
			e.Setenv("WHERE", "--data=data")
			return nil
		},
	})
}

// TestScriptsOnPostgres runs the same on PostgreSQL; the folder holds keys and
// documents only.
func TestScriptsOnPostgres(t *testing.T) {
	url := dbtest.PostgresURL(t)
	testscript.Run(t, testscript.Params{Files: []string{"testdata/script/import.txtar"}, Setup: func(e *testscript.Env) error {
		e.Setenv("WHERE", "--database="+url)
		return nil
	}})
}

// flip changes one bit at every place where TEXT stands in a file, as a worn
// or meddled-with disk would: `flip FILE TEXT`.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || args[1] == "" {
		ts.Fatalf("usage: flip FILE TEXT")
	}
	raw := ts.ReadFile(args[0])
	if !strings.Contains(raw, args[1]) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	last := len(args[1]) - 1
	other := args[1][:last] + string([]byte{args[1][last] ^ 1})
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(raw, args[1], other)), 0o600))
}
