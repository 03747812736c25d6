package db_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
)

// engines gives an empty database with one table on each engine.
func engines(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	files := fstest.MapFS{}
	for _, e := range []string{"sqlite", "postgres"} {
		files[e+"/99991231000000_test.sql"] = &fstest.MapFile{Data: []byte(
			"-- +goose Up\ncreate table thing (k text not null primary key, n integer not null, check (n < 1000000));\n")}
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		n, err := d.Migrate(context.Background(), files)
		if err != nil || n != 1 {
			t.Fatalf("%d migrations applied, %v", n, err)
		}
		n, err = d.Migrate(context.Background(), files)
		if err != nil || n != 0 {
			t.Fatalf("the second time %d migrations applied, %v", n, err)
		}
		fn(t, d)
	})
}

func put(d *db.DB, k string, n int) error {
	return d.Update(context.Background(), func(tx *db.Tx) error {
		_, err := tx.Exec("insert into thing (k, n) values ($1, $2)", k, n)
		return err
	})
}

func count(t *testing.T, d *db.DB) int {
	t.Helper()
	var n int
	err := d.View(context.Background(), func(tx *db.Tx) error { return tx.Row("select count(*) from thing").Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestUpdateKeepsAllOrNothing(t *testing.T) {
	engines(t, func(t *testing.T, d *db.DB) {
		want := fault.New(fault.Conflict, "no")
		err := d.Update(context.Background(), func(tx *db.Tx) error {
			_, err := tx.Exec("insert into thing (k, n) values ($1, $2)", "a", 1)
			if err != nil {
				return err
			}
			return want
		})
		if !errors.Is(err, want) {
			t.Fatalf("got %v, want the closure's own error", err)
		}
		if n := count(t, d); n != 0 {
			t.Fatalf("%d rows of a refused closure stayed", n)
		}
	})
}

func TestWhatIsPutOffIsDoneInOrder(t *testing.T) {
	engines(t, func(t *testing.T, d *db.DB) {
		var between int
		err := d.Update(context.Background(), func(tx *db.Tx) error {
			for i, q := range []string{"insert into thing (k, n) values ('a', $1)", "update thing set n = n + $1 where k = 'a'"} {
				err := tx.Later(q, i+1)
				if err != nil {
					return err
				}
			}
			err := tx.Row("select n from thing where k = 'a'").Scan(&between)
			if err != nil {
				return err
			}
			err = tx.Later("update thing set n = n * $1 where k = 'a'", 10)
			if err != nil {
				return err
			}
			n, err := tx.Exec("update thing set n = n + 1 where n = $1", 30)
			if err != nil || n != 1 {
				return fmt.Errorf("%d rows, %w", n, err)
			}
			return tx.Later("insert into thing (k, n) select 'b', n from thing where k = $1", "a")
		})
		if err != nil {
			t.Fatal(err)
		}
		var last int
		err = d.View(context.Background(), func(tx *db.Tx) error { return tx.Row("select n from thing where k = 'b'").Scan(&last) })
		if err != nil || between != 3 || last != 31 {
			t.Fatalf("%d between and %d at the end, want 3 and 31; %v", between, last, err)
		}
	})
}

func TestWhatIsPutOffAndFailsUndoesAll(t *testing.T) {
	later := func(tx *db.Tx, k string, n int) error {
		return tx.Later("insert into thing (k, n) values ($1, $2)", k, n)
	}
	read := func(tx *db.Tx) error {
		var n int
		return tx.Row("select count(*) from thing").Scan(&n)
	}
	for name, fn := range map[string]func(tx *db.Tx) error{
		"at the end": func(tx *db.Tx) error { return errors.Join(later(tx, "a", 1), later(tx, "taken", 1)) },
		"in front":   func(tx *db.Tx) error { return errors.Join(later(tx, "taken", 1), later(tx, "a", 1)) },
		"before a read": func(tx *db.Tx) error {
			return errors.Join(later(tx, "taken", 1), read(tx), later(tx, "a", 1))
		},
		"before a write": func(tx *db.Tx) error {
			err := later(tx, "taken", 1)
			_, next := tx.Exec("insert into thing (k, n) values ('a', 1)")
			return errors.Join(err, next)
		},
		"before a query": func(tx *db.Tx) error {
			err := later(tx, "taken", 1)
			_, next := db.Collect(func(*sql.Rows) (int, error) { return 0, nil })(tx.Rows("select k from thing"))
			return errors.Join(err, next)
		},
	} {
		t.Run(name, func(t *testing.T) {
			engines(t, func(t *testing.T, d *db.DB) {
				err := put(d, "taken", 0)
				if err != nil {
					t.Fatal(err)
				}
				err = d.Update(context.Background(), fn)
				if !db.Duplicate(err) {
					t.Fatalf("got %v, want that the key is taken", err)
				}
				if n := count(t, d); n != 1 {
					t.Fatalf("%d rows, want the first alone", n)
				}
				err = put(d, "b", 1)
				if err != nil {
					t.Fatalf("after it: %v", err)
				}
			})
		})
	}
}

// A closure that hides an error from a lost transaction must not be told that
// its writes are kept.
func TestALostTransactionIsNeverCalledDone(t *testing.T) {
	engines(t, func(t *testing.T, d *db.DB) {
		err := d.Update(context.Background(), func(tx *db.Tx) error {
			_, _ = tx.Exec("insert into thing (k, n) values ('a', 1)")
			_, _ = tx.Exec("insert into thing (k, n) values ('a', 1)")
			return nil
		})
		if n := count(t, d); err != nil && n != 0 || err == nil && n != 1 {
			t.Fatalf("%d rows, and the answer was %v", n, err)
		}
	})
}

func TestPlaceholdersKeepTheirOrder(t *testing.T) {
	engines(t, func(t *testing.T, d *db.DB) {
		var a, b, c string
		err := d.View(context.Background(), func(tx *db.Tx) error {
			return tx.Row("select cast($1 as text), cast($2 as text), cast($3 as text)", "one", "two", "three").Scan(&a, &b, &c)
		})
		if err != nil || a != "one" || b != "two" || c != "three" {
			t.Fatalf("got %q %q %q, %v", a, b, c, err)
		}
	})
}

// What is asked once holds for its transaction and its key; an error does not.
func TestOnceAsksOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		type name string
		type other string
		asked := 0
		ask := func(tx *db.Tx, key any) int {
			get := func() (int, error) { asked++; return asked, nil }
			var v int
			var err error
			switch k := key.(type) {
			case name:
				v, err = db.Once(tx, k, get)
			case other:
				v, err = db.Once(tx, k, get)
			}
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		for range 2 {
			asked = 0
			err := d.View(t.Context(), func(tx *db.Tx) error {
				_, err := db.Once(tx, name("a"), func() (int, error) { return 0, errors.New("down") })
				if err == nil {
					t.Error("an error is an answer")
				}
				got := []int{ask(tx, name("a")), ask(tx, name("b")), ask(tx, name("a")), ask(tx, other("a")), ask(tx, name("b"))}
				if want := []int{1, 2, 1, 3, 2}; !slices.Equal(got, want) {
					t.Errorf("got %v, want %v", got, want)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestPanicEndsOnlyItsOwnClosure(t *testing.T) {
	engines(t, func(t *testing.T, d *db.DB) {
		err := d.Update(context.Background(), func(*db.Tx) error { panic("boom") })
		if !fault.Is(err, fault.Internal) {
			t.Fatalf("got %v, want Internal", err)
		}
		err = put(d, "after", 1)
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestManyCallersAllLand(t *testing.T) {
	engines(t, func(t *testing.T, d *db.DB) {
		err := put(d, "sum", 0)
		if err != nil {
			t.Fatal(err)
		}
		const callers, each = 16, 10
		var wg sync.WaitGroup
		errs := make(chan error, callers*each)
		for range callers {
			wg.Go(func() {
				for range each {
					errs <- d.Update(context.Background(), func(tx *db.Tx) error {
						var n int
						err := tx.Row("select n from thing where k = $1"+tx.Lock(), "sum").Scan(&n)
						if err != nil {
							return err
						}
						_, err = tx.Exec("update thing set n = $1 where k = $2", n+1, "sum")
						return err
					})
				}
			})
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
		var n int
		err = d.View(context.Background(), func(tx *db.Tx) error { return tx.Row("select n from thing where k = $1", "sum").Scan(&n) })
		if err != nil || n != callers*each {
			t.Fatalf("sum is %d (%v), want %d: an update was lost", n, err, callers*each)
		}
	})
}

// In one shared transaction, the refused closures must not touch the others.
func TestGroupSeparatesGoodFromBad(t *testing.T) {
	engines(t, func(t *testing.T, d *db.DB) {
		err := put(d, "taken", 1)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		good, dup := 0, 0
		for i := range 40 {
			wg.Go(func() {
				k := "taken"
				if i%2 == 0 {
					k = string(rune('A' + i))
				}
				err := put(d, k, i)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					good++
				case db.Duplicate(err) && db.Refused(err):
					dup++
				default:
					t.Errorf("unexpected: %v", err)
				}
			})
		}
		wg.Wait()
		if good != 20 || dup != 20 || count(t, d) != 21 {
			t.Fatalf("good %d, duplicate %d, rows %d", good, dup, count(t, d))
		}
	})
}

func TestViewCannotWrite(t *testing.T) {
	engines(t, func(t *testing.T, d *db.DB) {
		err := d.View(context.Background(), func(tx *db.Tx) error {
			_, err := tx.Exec("insert into thing (k, n) values ('x', 1)")
			return err
		})
		if err == nil || count(t, d) != 0 {
			t.Fatalf("a view wrote (%v)", err)
		}
	})
}

func TestCancelledBeforeItsTurnIsNotRun(t *testing.T) {
	engines(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		ran := false
		err := d.Update(ctx, func(*db.Tx) error { ran = true; return nil })
		if !fault.Is(err, fault.Unavailable) || ran {
			t.Fatalf("ran %v, err %v", ran, err)
		}
	})
}

func TestNoRowsAndCollect(t *testing.T) {
	engines(t, func(t *testing.T, d *db.DB) {
		err := d.View(context.Background(), func(tx *db.Tx) error {
			var k string
			return tx.Row("select k from thing where k = $1", "none").Scan(&k)
		})
		if !db.NoRows(err) {
			t.Fatalf("got %v", err)
		}
		for _, k := range []string{"b", "a"} {
			err = put(d, k, 1)
			if err != nil {
				t.Fatal(err)
			}
		}
		var keys []string
		err = d.View(context.Background(), func(tx *db.Tx) error {
			var err error
			keys, err = db.Collect(func(r *sql.Rows) (string, error) {
				var k string
				return k, r.Scan(&k)
			})(tx.Rows("select k from thing order by k"))
			return err
		})
		if err != nil || len(keys) != 2 || keys[0] != "a" {
			t.Fatalf("got %v, %v", keys, err)
		}
	})
}

func TestLeaseHasOneHolder(t *testing.T) {
	clk := dbtest.NewClock()
	dbtest.EachAt(t, clk.Now, func(t *testing.T, d *db.DB) {
		clk.Set(dbtest.Start)
		take := func(holder string) bool {
			var got bool
			err := d.Update(context.Background(), func(tx *db.Tx) error {
				var err error
				got, err = db.Lease(tx, "sequencer", holder, 10*time.Second)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if !take("one") || take("two") || !take("one") {
			t.Fatal("the lease does not stay with its holder")
		}
		clk.Advance(11 * time.Second)
		if !take("two") || take("one") {
			t.Fatal("an expired lease is not taken over")
		}
		err := d.Update(context.Background(), func(tx *db.Tx) error { return db.Release(tx, "sequencer", "two") })
		if err != nil || !take("one") {
			t.Fatalf("a released lease is not free (%v)", err)
		}
	})
}

func TestClosedDatabaseAnswersUnavailable(t *testing.T) {
	d, err := db.Open(context.Background(), db.Config{Path: filepath.Join(t.TempDir(), "x y?#.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	err = d.Close()
	if err != nil {
		t.Fatal(err)
	}
	err = d.Update(context.Background(), func(*db.Tx) error { return nil })
	if !fault.Is(err, fault.Unavailable) {
		t.Fatalf("got %v", err)
	}
}

// max_page_count stands for a full disk: the engine refuses in the middle of
// a shared transaction, and works again when there is room.
func TestFullDiskRefusesAndRecovers(t *testing.T) {
	d := dbtest.SQLite(t, time.Now)
	ctx := context.Background()
	err := d.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec("create table fat (b blob)")
		if err != nil {
			return err
		}
		var pages int
		err = tx.Row("pragma page_count").Scan(&pages)
		if err != nil {
			return err
		}
		return tx.Row("pragma max_page_count = 400").Scan(&pages)
	})
	if err != nil {
		t.Fatal(err)
	}
	fat := make([]byte, 4<<20)
	err = d.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec("insert into fat (b) values ($1)", fat)
		return err
	})
	if !fault.Is(err, fault.Unavailable) {
		t.Fatalf("got %v, want Unavailable", err)
	}
	err = d.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec("insert into fat (b) values ($1)", []byte("small"))
		return err
	})
	if err != nil {
		t.Fatalf("no recovery: %v", err)
	}
	var n int
	err = d.View(ctx, func(tx *db.Tx) error { return tx.Row("select count(*) from fat").Scan(&n) })
	if err != nil || n != 1 {
		t.Fatalf("%d rows, %v", n, err)
	}
}

// Views that begin together, each with a query not seen before, must not wait
// for one another's connections.
func TestManyFreshViewsAtOnce(t *testing.T) {
	engines(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				err := d.View(ctx, func(tx *db.Tx) error {
					var n int
					return tx.Row(fmt.Sprintf("select count(*) + %d from thing", i)).Scan(&n)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

// A reader that gives up in the middle leaves a clean connection behind.
func TestCancelledViewLeavesNothingOpen(t *testing.T) {
	engines(t, func(t *testing.T, d *db.DB) {
		for range 20 {
			ctx, cancel := context.WithCancel(context.Background())
			err := d.View(ctx, func(tx *db.Tx) error {
				cancel()
				var n int
				return tx.Row("select count(*) from thing").Scan(&n)
			})
			if err == nil {
				t.Fatal("a cancelled view gave an answer")
			}
		}
		err := put(d, "after", 1)
		if err != nil || count(t, d) != 1 {
			t.Fatal(err)
		}
	})
}
