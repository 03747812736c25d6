package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/app"
	"hsconnect/internal/dossier"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

type verifyCmd struct{ place }

func (v *verifyCmd) Run(ctx context.Context) error {
	return v.with(ctx, func(a *app.App) error {
		// Entries of the last moment may not have their place yet.
		_, err := a.Record.Sequence(ctx)
		if err != nil {
			return err
		}
		rep, err := a.Verify(ctx, bar("verifying"))
		if err != nil {
			return err
		}
		fmt.Printf("%d entries, %d tree nodes, %d checkpoints, %d documents; size %d, root %s\n",
			rep.Entries, rep.Hashes, rep.Checkpoints, rep.Blobs, rep.Size, rep.Root)
		if rep.Good() {
			fmt.Println("The record is whole.")
			return nil
		}
		for _, p := range rep.Problems {
			fmt.Println("DIFFERS:", p)
		}
		if rep.More > 0 {
			fmt.Printf("DIFFERS: and %d more places\n", rep.More)
		}
		return errSaid
	})
}

type recordCmd struct {
	Export recordExportCmd `cmd:"" help:"Write the complete certified record of a request. Example: hsconnect record export A26-482913075-6 --out record.zip"`
	Check  recordCheckCmd  `cmd:"" help:"Check an exported record offline, with the public key alone. Example: hsconnect record check record.zip --key record.key.pub"`
}

type recordExportCmd struct {
	place
	Number string `arg:"" help:"The authorization number."`
	Out    string `help:"File to write (default NUMBER.zip)."`
	Legal  bool   `help:"It is for a legal proceeding: that is kept in the record, and a record of substance use treatment takes --order."`
	Order  string `help:"With --legal: the court order and the subpoena, by what they are known by."`
}

func (r *recordExportCmd) Run(ctx context.Context) error {
	number, err := id.ParseNumber(r.Number)
	if err != nil {
		return err
	}
	out := r.Out
	if out == "" {
		out = string(number) + ".zip"
	}
	return r.with(ctx, func(a *app.App) error {
		file, err := os.CreateTemp(filepath.Dir(out), ".record-*")
		if err != nil {
			return err
		}
		defer func() { _ = os.Remove(file.Name()) }() // gone already when the export was put in its place
		err = errors.Join(r.export(ctx, a, number, file), file.Sync(), file.Close())
		if err != nil {
			return err
		}
		err = os.Rename(file.Name(), out)
		if err != nil {
			return err
		}
		fmt.Println("Wrote", out)
		return nil
	})
}

func (r *recordExportCmd) export(ctx context.Context, a *app.App, number id.Number, w io.Writer) error {
	who := access.OperatorActor(osUser())
	switch {
	case r.Legal:
		return a.Dossier.ExportFor(ctx, who, number, dossier.Proceeding{Order: r.Order}, w)
	case r.Order != "":
		return fault.New(fault.Invalid, "--order goes with --legal: say both, or neither")
	}
	return a.Dossier.Export(ctx, who, number, w)
}

type recordCheckCmd struct {
	File string `arg:"" type:"existingfile" help:"The exported record."`
	Key  string `type:"existingfile" required:"" help:"The plan's public key, from the plan itself and not from the export."`
}

func (r *recordCheckCmd) Run() error {
	raw, err := os.ReadFile(r.Key)
	if err != nil {
		return err
	}
	file, err := os.Open(r.File)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	rep, err := record.CheckArchive(file, info.Size(), strings.TrimSpace(string(raw)))
	err = errors.Join(err, file.Close())
	if err != nil {
		return err
	}
	if !rep.Good() {
		for _, p := range rep.Problems {
			fmt.Println("DIFFERS:", p)
		}
		return errSaid
	}
	fmt.Printf("%d entries, %d documents: whole and unchanged.\n", rep.Entries, rep.Documents)
	return nil
}
