package demo

import (
	"context"
	"strconv"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/record"
)

// State says what a database holds.
type State int

// The states of a database.
const (
	Empty   State = iota + 1 // nothing: Build may begin
	Built                    // a whole made-up plan
	Broken                   // half of one: begin again from an empty database
	Foreign                  // something else
)

// String names the state for logs.
func (s State) String() string {
	return [...]string{"", "empty", "built", "broken", "foreign"}[s]
}

// made is the name of the one row.
const made = "plan"

// atStart is how many entries the record of an empty portal has: its agreement.
const atStart = 1

// StateOf tells what the database holds.
func StateOf(ctx context.Context, d Deps) (State, error) {
	var built int64
	var found bool
	err := d.DB.View(ctx, func(tx *db.Tx) error {
		err := tx.Row("select built_us from demo_state where name = $1", made).Scan(&built)
		found = err == nil
		if db.NoRows(err) {
			return nil
		}
		return err
	})
	switch {
	case err != nil:
		return 0, err
	case found && built > 0:
		return Built, nil
	case found:
		return Broken, nil
	}
	people, err := d.Accounts.People(ctx, operator())
	if err != nil {
		return 0, err
	}
	// Whatever was loaded or entered has an entry in the record.
	rep, err := d.Record.Verify(ctx, record.VerifyOptions{})
	if err != nil {
		return 0, err
	}
	if len(people) > 0 || rep.Entries+rep.Waiting > atStart {
		return Foreign, nil
	}
	return Empty, nil
}

// operator is who loads the plan's data.
func operator() access.Actor { return access.OperatorActor("demo") }

// mark keeps that building began or is done.
func mark(ctx context.Context, d Deps, seed uint64, done bool) error {
	return d.DB.Update(ctx, func(tx *db.Tx) error {
		built := int64(0)
		if done {
			built = db.Micros(tx.Now)
		}
		_, err := tx.Exec(`insert into demo_state (name, seed, began_us, built_us) values ($1, $2, $3, $4)
			on conflict (name) do update set built_us = excluded.built_us`, made, strconv.FormatUint(seed, 10), db.Micros(tx.Now), built)
		return err
	})
}
