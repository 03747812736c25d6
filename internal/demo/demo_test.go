package demo_test

import (
	"context"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/app"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/demo"
	"hsconnect/internal/priorauth"
)

// small is a plan that is made in seconds and still has every state.
func small() demo.Size { return demo.Size{Members: 400, People: 90, Requests: 90, Drafts: 4} }

func open(t *testing.T, database string) (*app.App, demo.Deps) {
	t.Helper()
	c := app.Defaults()
	c.Data, c.Database, c.Plan.Name = t.TempDir(), database, demo.PlanName
	c.Plan.HelpDesk = app.HelpDeskConfig{Address: demo.HelpDeskAddress, Phone: demo.HelpDeskPhone, Email: demo.HelpDeskEmail}
	clock := demo.NewClock(time.Now)
	zone, err := time.LoadLocation(c.Plan.Zone)
	if err != nil {
		t.Fatal(err)
	}
	clock.Hold(demo.Begin(time.Now(), zone))
	a, err := app.Open(context.Background(), c, app.Options{Now: clock.Now, Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := a.Close()
		if err != nil {
			t.Error(err)
		}
	})
	return a, demo.Deps{DB: a.DB, Clock: clock, Zone: a.Zone, Accounts: a.Accounts, Agreements: a.Agreements, Providers: a.Providers, Codes: a.Codes,
		Coverage: a.Coverage, Documents: a.Documents, Priorauth: a.Priorauth, Review: a.Review, Record: a.Record, Now: time.Now, Size: small()}
}

func TestBuildMakesAPlanThatProvesItself(t *testing.T) {
	for name, database := range map[string]func() string{"sqlite": func() string { return "" }, "postgres": func() string { return dbtest.PostgresURL(t) }} {
		t.Run(name, func(t *testing.T) {
			a, d := open(t, database())
			ctx := context.Background()
			all, err := demo.Build(ctx, d, demo.Seed)
			if err != nil {
				t.Fatal(err)
			}
			states := map[priorauth.Status]int{}
			err = a.DB.View(ctx, func(tx *db.Tx) error {
				rows, err := tx.Rows("select status, count(*) from request_state group by status")
				if err != nil {
					return err
				}
				defer rows.Close()
				for rows.Next() {
					var s priorauth.Status
					var n int
					err = rows.Scan(&s, &n)
					if err != nil {
						return err
					}
					states[s] = n
				}
				return rows.Err()
			})
			if err != nil || len(states) != 8 {
				t.Fatalf("states %v, %v", states, err)
			}
			rep, err := a.Verify(ctx, nil)
			if err != nil || !rep.Good() || rep.Blobs == 0 {
				t.Fatalf("%+v %v", rep, err)
			}
			for _, s := range all {
				_, who, err := a.Accounts.SignIn(ctx, account.Attempt{Username: s.Username, Password: s.Password, Address: "127.0.0.1", Agent: "test"})
				if err != nil || who.Name != s.Name {
					t.Fatalf("%s cannot sign in: %v", s.Username, err)
				}
			}
			_, err = demo.Build(ctx, d, demo.Seed)
			if err == nil {
				t.Fatal("a plan was made twice in one database")
			}
		})
	}
}

func TestAPortalOfRecordIsLeftAlone(t *testing.T) {
	a, d := open(t, "")
	_, err := a.Accounts.Create(context.Background(), access.OperatorActor("tester"), account.NewPerson{Username: "real.person", Name: "Real Person",
		Email: "r@example.org", Password: "violet kettle under gravel", Side: access.Plan, OrgName: "Plan", Roles: []access.Role{access.PlanAdmin}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = demo.Build(context.Background(), d, demo.Seed)
	if err == nil {
		t.Fatal("a made-up plan was put into a portal that somebody uses")
	}
}
