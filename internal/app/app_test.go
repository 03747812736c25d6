package app

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
)

func TestForwardedBelievesOnlyTheProxy(t *testing.T) {
	for name, c := range map[string]struct {
		header []string
		want   string
	}{
		"none":             {nil, "10.0.0.1"},
		"one":              {[]string{"203.0.113.7"}, "203.0.113.7"},
		"forged before":    {[]string{"127.0.0.1, 203.0.113.7"}, "203.0.113.7"},
		"forged header":    {[]string{"127.0.0.1", "203.0.113.7"}, "203.0.113.7"},
		"mapped":           {[]string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		"not an address":   {[]string{"unknown"}, "10.0.0.1"},
		"empty at the end": {[]string{"203.0.113.7, "}, "10.0.0.1"},
	} {
		r := &http.Request{RemoteAddr: "10.0.0.1:4711", Header: http.Header{"X-Forwarded-For": c.header}}
		if got := forwarded(r); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestHousekeepingRuns(t *testing.T) {
	c := Defaults()
	c.Data = t.TempDir()
	a, err := Open(context.Background(), c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		err := a.Close()
		if err != nil {
			t.Error(err)
		}
	}()
	_, err = a.Jobs.RunDue(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var scheduled, dead int
	err = a.DB.View(context.Background(), func(tx *db.Tx) error {
		err := tx.Row("select count(*) from job_schedule").Scan(&scheduled)
		if err != nil {
			return err
		}
		return tx.Row("select count(*) from job_dead").Scan(&dead)
	})
	if err != nil || scheduled != 8 || dead != 0 {
		t.Fatalf("%d scheduled, %d given up, %v", scheduled, dead, err)
	}
}

func TestPlainHTTPStaysOnLoopback(t *testing.T) {
	for listen, ok := range map[string]bool{"127.0.0.1:8080": true, "[::1]:8080": true, "localhost:0": true, "0.0.0.0:8080": false, ":8080": false, "192.0.2.1:80": false, "x": false} {
		c := Defaults()
		c.Listen = listen
		if (c.CheckListen() == nil) != ok {
			t.Errorf("%s: %v", listen, c.CheckListen())
		}
		c.BehindProxy = true
		if listen != "x" && c.CheckListen() != nil {
			t.Errorf("%s behind a proxy: %v", listen, c.CheckListen())
		}
	}
}

func TestTheOperatorsListRefusesPasswords(t *testing.T) {
	c := Defaults()
	c.Data = t.TempDir()
	c.Blocklist = filepath.Join(c.Data, "refused.txt")
	err := os.WriteFile(c.Blocklist, []byte("Marble Ferns Kneel Sideways\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(context.Background(), c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		err := a.Close()
		if err != nil {
			t.Error(err)
		}
	}()
	for password, refused := range map[string]bool{"marble ferns kneel sideways": true, "violet kettle under gravel": false} {
		_, err = a.Accounts.Create(context.Background(), access.OperatorActor("tester"), account.NewPerson{
			Username: "petra.plan", Name: "Petra Plan", Password: password, Side: access.Plan, Roles: []access.Role{access.PlanAdmin}})
		if (len(fault.Problems(err)) > 0) != refused {
			t.Errorf("%q: %v %v", password, err, fault.Problems(err))
		}
	}
	c.Blocklist = filepath.Join(c.Data, "missing.txt")
	_, err = Open(context.Background(), c, Options{})
	if err == nil {
		t.Error("a list that is not there is no error")
	}
}
