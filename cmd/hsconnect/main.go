// Command hsconnect is a health plan's provider portal in one binary.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"hsconnect/internal/app"
	"hsconnect/internal/fault"
)

// cli is the command line. Each verb has its own file.
type cli struct {
	Demo    demoCmd    `cmd:"" help:"Open a made-up plan with people and cases, to try everything on. Example: hsconnect demo --reset"`
	Serve   serveCmd   `cmd:"" help:"Serve the portal. Example: hsconnect serve --config /etc/hsconnect.toml"`
	Migrate migrateCmd `cmd:"" help:"Bring the database's tables up to date (serve does it too). Example: hsconnect migrate --data ./data"`
	Import  importCmd  `cmd:"" help:"Load members, providers or code tables from a file, whole or not at all."`
	User    userCmd    `cmd:"" help:"Make people who sign in, from the plan's own machine."`
	Verify  verifyCmd  `cmd:"" help:"Recompute the whole official record; exit 1 and name the place on any difference. Example: hsconnect verify --data ./data"`
	Record  recordCmd  `cmd:"" help:"Export and check certified records."`
	Config  configCmd  `cmd:"" help:"Show the configuration in force, secrets masked. Example: hsconnect config --config FILE"`
	Version versionCmd `cmd:"" help:"Say which build this is."`
}

// place says which portal a verb works on.
type place struct {
	ConfigFile string `name:"config" type:"existingfile" help:"TOML file with the settings."`
	Data       string `help:"Folder of the embedded database, documents and keys (default ./data)."`
	Database   string `help:"PostgreSQL URL, or file:PATH of a file that holds it, instead of the embedded database."`
}

// config gives the settings of file and flags.
func (p place) config() (app.Config, error) {
	c := app.Defaults()
	if p.ConfigFile != "" {
		var err error
		c, err = app.ReadConfig(p.ConfigFile)
		if err != nil {
			return c, err
		}
	}
	if p.Data != "" {
		c.Data = p.Data
	}
	if p.Database != "" {
		c.Database = p.Database
	}
	return c, c.Check()
}

// open opens the portal for a verb that does not serve.
func (p place) open(ctx context.Context) (*app.App, error) {
	c, err := p.config()
	if err != nil {
		return nil, err
	}
	return app.Open(ctx, c, app.Options{Log: logger(slog.LevelInfo)})
}

// with runs fn on an open portal and closes it.
func (p place) with(ctx context.Context, fn func(a *app.App) error) error {
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(fn(a), a.Close())
}

func logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

// errSaid ends a verb that has already said why, with exit status 1.
var errSaid = errors.New("")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err == nil {
		return
	}
	if !errors.Is(err, errSaid) {
		fmt.Fprintln(os.Stderr, "hsconnect:", words(err))
	}
	os.Exit(1)
}

// words gives an error for the operator, who may see causes.
func words(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err.Error()
	}
	text := f.Error()
	if cause := f.Unwrap(); cause != nil {
		text += " (" + cause.Error() + ")"
	}
	return text
}

func run(ctx context.Context, args []string) error {
	var c cli
	parser, err := kong.New(&c, kong.Name("hsconnect"), kong.UsageOnError(),
		kong.Description("The provider portal of a health plan. Start with: hsconnect demo"),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if err != nil {
		return err
	}
	return k.Run()
}
