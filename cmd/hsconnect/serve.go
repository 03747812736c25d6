package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"

	"hsconnect/internal/access"
	"hsconnect/internal/app"
)

type serveCmd struct {
	place
	Listen      string `help:"Address to serve on (default 127.0.0.1:8080)."`
	TLSCert     string `name:"tls-cert" type:"existingfile" help:"PEM file with the certificate."`
	TLSKey      string `name:"tls-key" type:"existingfile" help:"PEM file with the certificate's key."`
	BehindProxy bool   `help:"A proxy in front ends TLS, so plain HTTP may be served beyond loopback."`
}

func (s *serveCmd) Run(ctx context.Context) error {
	c, err := s.config()
	if err != nil {
		return err
	}
	if s.Listen != "" {
		c.Listen = s.Listen
	}
	if s.TLSCert != "" || s.TLSKey != "" {
		c.TLSCertificate, c.TLSKey = s.TLSCert, s.TLSKey
	}
	c.BehindProxy = c.BehindProxy || s.BehindProxy
	err = errors.Join(c.Check(), c.CheckListen())
	if err != nil {
		return err
	}
	a, err := app.Open(ctx, c, app.Options{Log: logger(slog.LevelInfo)})
	if err != nil {
		return err
	}
	return errors.Join(s.serve(ctx, a), a.Close())
}

func (s *serveCmd) serve(ctx context.Context, a *app.App) error {
	people, err := a.Accounts.People(ctx, access.OperatorActor(osUser()))
	if err != nil {
		return err
	}
	if len(people) == 0 {
		fmt.Fprintln(os.Stderr, "hsconnect: nobody can sign in yet. Make the plan's first administrator, in another window:\n"+
			"  hsconnect user add --role \"plan administrator\" --name \"First Last\" --email ADDRESS USERNAME"+s.again())
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", a.Config.Listen)
	if err != nil {
		return err
	}
	scheme := "http"
	if a.Config.TLSCertificate != "" {
		scheme = "https"
	}
	fmt.Fprintf(os.Stderr, "hsconnect: serving %s on %s://%s\n", a.Config.Plan.Name, scheme, listener.Addr())
	return a.Serve(ctx, listener)
}

// again repeats the flags that say which portal is meant.
func (p place) again() string {
	out := ""
	if p.ConfigFile != "" {
		out += " --config " + p.ConfigFile
	}
	if p.Data != "" {
		out += " --data " + p.Data
	}
	if p.Database != "" {
		out += " --database URL"
	}
	return out
}

type migrateCmd struct{ place }

func (m *migrateCmd) Run(ctx context.Context) error {
	return m.with(ctx, func(*app.App) error {
		fmt.Println("The database's tables are up to date.")
		return nil
	})
}

type configCmd struct{ place }

func (c *configCmd) Run() error {
	conf, err := c.config()
	if err != nil {
		return err
	}
	return writeTOML(os.Stdout, conf.Masked())
}

type versionCmd struct{}

func (versionCmd) Run() error {
	fmt.Println("hsconnect", app.Version())
	return nil
}
