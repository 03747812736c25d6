package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

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
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"flip": flip, "people": people, "slay": slay},
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

// people writes a file of members in CSV: `people COUNT FILE`.
func people(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: people COUNT FILE")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	text := []byte("member_number,last,first,birth,plan,from\n")
	for i := range n {
		text = fmt.Appendf(text, "K%06d,Marsh,Theodore%d,1948-07-19,PLUS,2026-01-01\n", i, i)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o600))
}

// slay starts hsconnect and ends it with SIGKILL after so many milliseconds,
// if it is still there: `slay MILLISECONDS ARGUMENT...`.
func slay(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: slay MILLISECONDS ARGUMENT...")
	}
	ms, err := strconv.Atoi(args[0])
	ts.Check(err)
	var program string
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		_, err := os.Stat(filepath.Join(dir, "hsconnect"))
		if err == nil {
			program = filepath.Join(dir, "hsconnect")
			break
		}
	}
	c := exec.Command(program, args[1:]...)
	c.Dir = ts.MkAbs(".")
	c.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"))
	ts.Check(c.Start())
	timer := time.AfterFunc(time.Duration(ms)*time.Millisecond, func() { _ = c.Process.Kill() })
	_ = c.Wait() // killed, or done before
	timer.Stop()
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
