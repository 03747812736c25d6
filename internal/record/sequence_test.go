package record_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/record"
)

// breakAt makes the database refuse one kind of statement on one table, and
// gives back what mends it.
func breakAt(t *testing.T, d *db.DB, op, table string) (mend func()) {
	t.Helper()
	if d.Engine() == db.Postgres {
		force(t, d, "create function boom() returns trigger as $$ begin raise exception 'boom'; end $$ language plpgsql")
		force(t, d, fmt.Sprintf("create trigger boom before %s on %s for each row execute function boom()", op, table))
		return func() {
			force(t, d, "drop trigger boom on "+table)
			force(t, d, "drop function boom")
		}
	}
	force(t, d, fmt.Sprintf("create trigger boom before %s on %s begin select raise(abort, 'boom'); end", op, table))
	return func() { force(t, d, "drop trigger boom") }
}

// Whichever statement fails, nothing of the batch is kept, and the next
// attempt places it whole.
func TestSequenceIsWholeOrNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, k := testKey(t)
		l := logWith(t, d, s, k, "one")
		fill(t, d, 3)
		sequence(t, l)
		size := int64(3)
		for _, at := range [][2]string{{"insert", "record_place"}, {"insert", "record_hash"}, {"delete", "record_waiting"}, {"insert", "record_checkpoint"}} {
			fill(t, d, 5)
			mend := breakAt(t, d, at[0], at[1])
			n, err := l.Sequence(context.Background())
			if err == nil || n != 0 {
				t.Fatalf("%v failed, yet %d placed", at, n)
			}
			r := verify(t, l, record.VerifyOptions{})
			if !r.Good() || r.Size != size || r.Waiting != 5 {
				t.Fatalf("after %v failed: %+v", at, r)
			}
			mend()
			if n = sequence(t, l); n != 5 {
				t.Fatalf("%v mended: placed %d", at, n)
			}
			size += 5
			good(t, l, size)
		}
		fill(t, d, 2)
		broken := logWith(t, d, silent{s}, k, "one")
		_, err := broken.Sequence(context.Background())
		if !errors.Is(err, errSilent) {
			t.Fatalf("a signer that fails: %v", err)
		}
		sequence(t, l)
		if n := sequence(t, l); n != 0 {
			t.Fatalf("placed %d twice", n)
		}
		good(t, l, size+2)
	})
}

var errSilent = errors.New("the signer does not answer")

// silent is a signer that cannot sign.
type silent struct{ note.Signer }

func (silent) Sign([]byte) ([]byte, error) { return nil, errSilent }

func TestAppendIsWholeOrNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		mend := breakAt(t, d, "insert", "record_waiting")
		_, err := appendOne(d, "s", "{}")
		if err == nil {
			t.Fatal("appended without a turn")
		}
		mend()
		if list := entries(t, d, "s"); len(list) != 0 {
			t.Fatalf("%d entries without a turn", len(list))
		}
	})
}

func TestOneCopySequencesUntilItIsGone(t *testing.T) {
	clk := dbtest.NewClock()
	dbtest.EachAt(t, clk.Now, func(t *testing.T, d *db.DB) {
		s, k := testKey(t)
		one, two := logWith(t, d, s, k, "one"), logWith(t, d, s, k, "two")
		fill(t, d, 1)
		sequence(t, one)
		fill(t, d, 1)
		if n := sequence(t, two); n != 0 {
			t.Fatalf("two copies at once: %d", n)
		}
		clk.Advance(4 * time.Second) // one was killed
		if n := sequence(t, two); n != 1 {
			t.Fatalf("nobody took over: %d", n)
		}
		fill(t, d, 1)
		if n := sequence(t, one); n != 0 {
			t.Fatalf("the lost lease still works: %d", n)
		}
		sequence(t, two)
		good(t, one, 3)
	})
}

// Even copies that all believe to be the one give every entry one place.
func TestLostLeasesDoNoHarm(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, k := testKey(t)
		warm := logWith(t, d, s, k, "w")
		fill(t, d, 1)
		sequence(t, warm)
		var wg sync.WaitGroup
		var mu sync.Mutex
		placed := 1
		for round := range 6 {
			fill(t, d, 40)
			for i := range 4 {
				wg.Go(func() {
					_ = d.Update(context.Background(), func(tx *db.Tx) error {
						_, err := tx.Exec("delete from lease")
						return err
					})
					n, err := logWith(t, d, s, k, fmt.Sprintf("%d.%d", round, i)).Sequence(context.Background())
					if err != nil {
						t.Log(err) // losing the race is allowed, placing twice is not
					}
					mu.Lock()
					placed += n
					mu.Unlock()
				})
			}
			wg.Wait()
		}
		force(t, d, "delete from lease")
		placed += sequence(t, warm)
		if placed != 241 {
			t.Errorf("placed %d of 241", placed)
		}
		good(t, warm, 241)
	})
}

func TestBatchesOverAThousand(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLog(t, d)
		fill(t, d, 2503)
		n, err := l.Sequence(context.Background())
		if err != nil || n != 1000 {
			t.Fatalf("first batch %d, %v", n, err)
		}
		if n = sequence(t, l); n != 1503 {
			t.Fatalf("the rest: %d", n)
		}
		if r := good(t, l, 2503); r.Checkpoints != 3 {
			t.Errorf("%d checkpoints", r.Checkpoints)
		}
	})
}

func TestRunPlacesSoonAndGivesUpItsLease(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, k := testKey(t)
		l, err := record.NewLog(record.Deps{DB: d, Signer: s, Verifier: k, Every: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			warm := fill(t, d, 1)
			sequence(t, l)
			_, err = l.Prove(context.Background(), warm[0].Entry)
			if err != nil {
				t.Fatal(err)
			}
		}
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- l.Run(ctx) }()
		r, err := appendOne(d, "s", "{}")
		if err != nil {
			t.Fatal(err)
		}
		l.Wake()
		l.Wake()
		deadline := time.Now().Add(10 * time.Second)
		for {
			_, err = l.Prove(context.Background(), r.Entry)
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		stop()
		err = <-done
		if err != nil {
			t.Fatal(err)
		}
		fill(t, d, 1)
		if n := sequence(t, logWith(t, d, s, k, "next")); n != 1 {
			t.Error("the lease was not given up")
		}
	})
}
