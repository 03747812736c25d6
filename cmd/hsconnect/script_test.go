package main

import (
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
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Setup: func(e *testscript.Env) error {
		e.Setenv("WHERE", "--data=data")
		return nil
	}})
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
