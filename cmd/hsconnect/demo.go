package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"hsconnect/internal/app"
	"hsconnect/internal/demo"
)

type demoCmd struct {
	Data   string `default:"./data" help:"Folder to keep the made-up plan in."`
	Listen string `default:"127.0.0.1:8080" help:"Loopback address to serve on."`
	Reset  bool   `help:"Forget what was done and make the plan anew."`
	Build  bool   `name:"build-only" help:"Make the plan and its sign-ins, and stop."`

	site string
}

func (d *demoCmd) Run(ctx context.Context) error {
	host, _, err := net.SplitHostPort(d.Listen)
	if err != nil {
		return errors.New("listen: give an address and a port, such as 127.0.0.1:8080")
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return errors.New("listen: the demo has passwords that everybody knows, so it serves this machine alone: use 127.0.0.1 or ::1")
	}
	var listener net.Listener
	if !d.Build {
		listener, err = new(net.ListenConfig).Listen(ctx, "tcp", d.Listen)
		if err != nil {
			return fmt.Errorf("%w. Choose another address with --listen 127.0.0.1:PORT", err)
		}
	}
	if listener != nil {
		_, port, err := net.SplitHostPort(listener.Addr().String())
		if err != nil {
			return err
		}
		d.site = "http://localhost:" + port // by this name browsers have passkeys
	}
	a, all, err := d.open(ctx)
	if err != nil {
		return err
	}
	a.Hint = all.Code(a.Now)
	if d.Build {
		fmt.Println("The made-up plan is in", d.Data)
		return a.Close()
	}
	err = demo.Print(os.Stdout, all, d.site)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	return errors.Join(a.Serve(ctx, listener), a.Close())
}

// config is that of the made-up plan.
func (d *demoCmd) config() app.Config {
	c := app.Defaults()
	c.Data, c.Site = d.Data, d.site
	c.Plan.Name = demo.PlanName
	c.Plan.HelpDesk = app.HelpDeskConfig{Address: demo.HelpDeskAddress, Phone: demo.HelpDeskPhone, Email: demo.HelpDeskEmail, Hours: demo.HelpDeskHours}
	return c
}

// open opens the made-up plan, making it first where there is none. One whose
// making was interrupted is made again.
func (d *demoCmd) open(ctx context.Context) (*app.App, demo.SignIns, error) {
	if d.Reset {
		err := d.clear()
		if err != nil {
			return nil, nil, err
		}
	}
	a, clock, state, err := d.try(ctx)
	if err != nil {
		return nil, nil, err
	}
	if state == demo.Broken {
		err = errors.Join(a.Close(), d.clear())
		if err != nil {
			return nil, nil, err
		}
		a, clock, state, err = d.try(ctx)
		if err != nil {
			return nil, nil, err
		}
	}
	var all demo.SignIns
	if state == demo.Built {
		all, err = demo.ReadSignIns(d.Data)
	} else {
		all, err = d.build(ctx, a, clock)
	}
	if err != nil {
		return nil, nil, errors.Join(err, a.Close())
	}
	return a, all, nil
}

// try opens the data folder and says what is in it.
func (d *demoCmd) try(ctx context.Context) (*app.App, *demo.Clock, demo.State, error) {
	c := d.config()
	zone, err := time.LoadLocation(c.Plan.Zone)
	if err != nil {
		return nil, nil, 0, err
	}
	clock := demo.NewClock(time.Now)
	_, err = os.Stat(filepath.Join(d.Data, "hsconnect.db"))
	if errors.Is(err, fs.ErrNotExist) {
		clock.Hold(demo.Begin(time.Now(), zone))
	}
	a, err := app.Open(ctx, c, app.Options{Now: clock.Now, Log: logger(slog.LevelWarn), Demo: true})
	if err != nil {
		return nil, nil, 0, err
	}
	state, err := demo.StateOf(ctx, d.deps(a, clock))
	if err != nil {
		return nil, nil, 0, errors.Join(err, a.Close())
	}
	return a, clock, state, nil
}

func (d *demoCmd) deps(a *app.App, clock *demo.Clock) demo.Deps {
	show := bar("making the plan")
	return demo.Deps{DB: a.DB, Clock: clock, Zone: a.Zone, Log: a.Log, Accounts: a.Accounts, Agreements: a.Agreements, Providers: a.Providers, Codes: a.Codes,
		Coverage: a.Coverage, Sensitive: a.Sensitive, Claims: a.Claims, Documents: a.Documents, Priorauth: a.Priorauth, Review: a.Review, Record: a.Record, Privacy: a.Privacy, Now: time.Now,
		Progress: func(done, total int) { show(int64(done), int64(total)) }}
}

func (d *demoCmd) build(ctx context.Context, a *app.App, clock *demo.Clock) (demo.SignIns, error) {
	fmt.Fprintln(os.Stderr, "hsconnect: making the plan; this takes about a minute, once")
	all, err := demo.Build(ctx, d.deps(a, clock), demo.Seed)
	if err != nil {
		return nil, err
	}
	return all, demo.WriteSignIns(d.Data, all)
}

// clear removes the made-up plan. A folder that does not look like one is left
// alone.
func (d *demoCmd) clear() error {
	_, err := os.Stat(filepath.Join(d.Data, "hsconnect.db"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	a, _, state, err := d.try(context.Background())
	if err != nil {
		return err
	}
	err = a.Close()
	if err != nil {
		return err
	}
	if state == demo.Foreign {
		return demo.ErrForeign
	}
	for _, name := range []string{"hsconnect.db", "hsconnect.db-wal", "hsconnect.db-shm", "blobs", "blob.keys", "record.key", "record.key.pub", "account.keys", "mail", demo.FileName} {
		err = os.RemoveAll(filepath.Join(d.Data, name))
		if err != nil {
			return err
		}
	}
	return nil
}
