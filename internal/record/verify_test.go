package record_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/record"
)

// unlock takes away the triggers, as somebody with the database's own
// password could.
func unlock(t *testing.T, d *db.DB) {
	t.Helper()
	for _, table := range []string{"entry", "place", "hash", "checkpoint"} {
		if d.Engine() == db.Postgres {
			force(t, d, "alter table record_"+table+" disable trigger all")
			continue
		}
		force(t, d, "drop trigger record_"+table+"_no_update")
		force(t, d, "drop trigger record_"+table+"_no_delete")
	}
}

func force(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	err := d.Update(context.Background(), func(tx *db.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// flip changes one bit of one byte of a stored value.
func flip(t *testing.T, d *db.DB, table, column, key string, of any, at int) {
	t.Helper()
	var b []byte
	err := d.View(context.Background(), func(tx *db.Tx) error {
		return tx.Row("select "+column+" from "+table+" where "+key+" = $1", of).Scan(&b)
	})
	if err != nil {
		t.Fatal(err)
	}
	b[at] ^= 1
	var value any = b
	if column != "body" && column != "digest" && column != "body_digest" && column != "hash" {
		value = string(b)
	}
	force(t, d, "update "+table+" set "+column+" = $1 where "+key+" = $2", value, of)
}

// problems are the places and texts of a report, "entry <id>" without the id.
func problems(r record.Report) (list []string) {
	for _, p := range r.Problems {
		words := strings.Fields(p.String())
		for i, w := range words {
			if i > 0 && words[i-1] == "entry" && len(w) >= 26 {
				words[i] = strings.Replace(w, w[:26], "ID", 1)
			}
		}
		list = append(list, strings.Join(words, " "))
	}
	return list
}

func TestVerifyNamesEachPlace(t *testing.T) {
	const e5 = "entry ID at index 5: "
	const header, body = "header does not match the entry's digest", "body does not match its digest"
	cases := []struct {
		name  string
		spoil func(t *testing.T, d *db.DB, r []record.Receipt)
		want  []string
	}{
		{"body", func(t *testing.T, d *db.DB, r []record.Receipt) {
			flip(t, d, "record_entry", "body", "id", string(r[5].Entry), 2)
		}, []string{e5 + body}},
		{"body digest", func(t *testing.T, d *db.DB, r []record.Receipt) {
			flip(t, d, "record_entry", "body_digest", "id", string(r[5].Entry), 31)
		}, []string{e5 + header}},
		{"digest", func(t *testing.T, d *db.DB, r []record.Receipt) {
			flip(t, d, "record_entry", "digest", "id", string(r[5].Entry), 0)
		}, []string{e5 + header}},
		{"inner node", func(t *testing.T, d *db.DB, _ []record.Receipt) {
			flip(t, d, "record_hash", "hash", "idx", tlog.StoredHashIndex(3, 1), 0)
		}, []string{"tree node level 3, 1: this node does not match what is under it"}},
		{"leaf", func(t *testing.T, d *db.DB, _ []record.Receipt) {
			flip(t, d, "record_hash", "hash", "idx", int64(0), 9)
		}, []string{"tree node level 0, 0: this node does not match what is under it"}},
		{"node gone", func(t *testing.T, d *db.DB, _ []record.Receipt) {
			force(t, d, "delete from record_hash where idx = 2")
		}, []string{"tree node level 1, 0: this node is missing"}},
		{"node too many", func(t *testing.T, d *db.DB, _ []record.Receipt) {
			force(t, d, "insert into record_hash (idx, hash) select idx + 1000, hash from record_hash where idx = 0")
		}, []string{"tree node level 2, 125: this node is there, but no checkpoint covers it"}},
		{"entry gone", func(t *testing.T, d *db.DB, r []record.Receipt) {
			force(t, d, "delete from record_entry where id = $1", string(r[5].Entry))
		}, []string{"index 5: the entry that had this place is missing"}},
		{"place gone", func(t *testing.T, d *db.DB, r []record.Receipt) {
			force(t, d, "delete from record_place where idx = 5")
		}, []string{"entry ID: it has no place in the log and does not wait for one", "index 5: the entry that had this place is missing"}},
		{"place too many", func(t *testing.T, d *db.DB, _ []record.Receipt) {
			force(t, d, "insert into record_place (idx, entry) values (99, 'x')")
		}, []string{"index 99: an entry has this place, which no checkpoint covers"}},
		{"entry put in", func(t *testing.T, d *db.DB, _ []record.Receipt) {
			force(t, d, `insert into record_entry (id, subject, kind, person, username, org, door, at_us, body, body_digest, digest)
				select '00000000000000000000000000', subject, kind, person, username, org, door, at_us, body, body_digest, digest from record_entry order by nth limit 1`)
		}, []string{"entry ID: it has no place in the log and does not wait for one"}},
		{"checkpoint text", func(t *testing.T, d *db.DB, _ []record.Receipt) {
			flip(t, d, "record_checkpoint", "note", "size", int64(10), 0)
		}, []string{"checkpoint 10: its signature is not that of this log's key"}},
		{"newest checkpoint gone", func(t *testing.T, d *db.DB, _ []record.Receipt) {
			force(t, d, "delete from record_checkpoint where size > 15")
			force(t, d, "delete from record_hash where idx >= $1", tlog.StoredHashCount(15))
		}, []string{"index 15: an entry has this place, which no checkpoint covers"}},
		{"checkpoint moved", func(t *testing.T, d *db.DB, _ []record.Receipt) {
			force(t, d, "update record_checkpoint set size = 12 where size = 10")
		}, []string{"checkpoint 12: it is signed, but for 10 entries"}},
		{"waiting and placed", func(t *testing.T, d *db.DB, r []record.Receipt) {
			force(t, d, "insert into record_waiting (at_us, nth, entry) values (1, 1, $1)", string(r[5].Entry))
		}, []string{"entry ID: it has a place and waits for one too"}},
		{"waiting for nothing", func(t *testing.T, d *db.DB, _ []record.Receipt) {
			force(t, d, "insert into record_waiting (at_us, nth, entry) values (1, 1, 'x')")
		}, []string{"entry x: it waits for a place, but is not there"}},
		{"turn lost", func(t *testing.T, d *db.DB, _ []record.Receipt) {
			fill(t, d, 1)
			force(t, d, "delete from record_waiting")
		}, []string{"entry ID: it has no place in the log and does not wait for one"}},
		{"waiting body", func(t *testing.T, d *db.DB, _ []record.Receipt) {
			r := fill(t, d, 1)
			flip(t, d, "record_entry", "body", "id", string(r[0].Entry), 1)
		}, []string{"waiting entry ID: body does not match its digest"}},
		{"waiting header", func(t *testing.T, d *db.DB, _ []record.Receipt) {
			r := fill(t, d, 1)
			flip(t, d, "record_entry", "username", "id", string(r[0].Entry), 1)
		}, []string{"waiting entry ID: header does not match the entry's digest"}},
	}
	for _, column := range []string{"subject", "kind", "person", "username", "org", "door"} {
		cases = append(cases, struct {
			name  string
			spoil func(t *testing.T, d *db.DB, r []record.Receipt)
			want  []string
		}{column, func(t *testing.T, d *db.DB, r []record.Receipt) {
			flip(t, d, "record_entry", column, "id", string(r[5].Entry), 0)
		}, []string{e5 + header}})
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				d := again(t, d)
				l := newLog(t, d)
				receipts := fill(t, d, 10)
				sequence(t, l)
				fill(t, d, 5)
				sequence(t, l)
				receipts = append(receipts, fill(t, d, 1)...)
				sequence(t, l)
				good(t, l, 16)
				unlock(t, d)
				c.spoil(t, d, receipts)
				got := problems(verify(t, l, record.VerifyOptions{}))
				if !slices.Equal(got, c.want) {
					t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(c.want, "\n\t"))
				}
			})
		}
	})
}

// again gives a fresh database of the same engine.
func again(t *testing.T, d *db.DB) *db.DB {
	t.Helper()
	if d.Engine() == db.Postgres {
		return dbtest.Postgres(t, time.Now)
	}
	return dbtest.SQLite(t, time.Now)
}

// Whoever rewrites an entry with all that hangs on it still lacks the key.
func TestVerifySeesAConsistentForgery(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, k := testKey(t)
		l := logWith(t, d, s, k, "")
		fill(t, d, 8)
		sequence(t, l)
		kept, err := l.Checkpoint(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		unlock(t, d)
		for _, table := range []string{"checkpoint", "hash", "place"} {
			force(t, d, "delete from record_"+table)
		}
		force(t, d, "delete from record_entry")
		force(t, d, "delete from lease")
		fill(t, d, 9)
		forger := newLog(t, d)
		sequence(t, forger)
		good(t, forger, 9)
		got := problems(verify(t, l, record.VerifyOptions{}))
		if !slices.Equal(got, []string{"checkpoint 9: its signature is not that of this log's key"}) {
			t.Error(got)
		}
		_, err = appendOne(d, "s", "{}")
		if err != nil {
			t.Fatal(err)
		}
		force(t, d, "delete from lease")
		_, err = l.Sequence(context.Background())
		if err == nil {
			t.Error("the log built on a checkpoint that it did not sign")
		}

		// With the key, only a checkpoint kept elsewhere shows it.
		force(t, d, "delete from record_checkpoint")
		force(t, d, "delete from record_hash")
		force(t, d, "delete from record_waiting")
		force(t, d, "insert into record_waiting (at_us, nth, entry) select at_us, nth, id from record_entry")
		force(t, d, "delete from record_place")
		sequence(t, l)
		good(t, l, 10)
		got = problems(verify(t, l, record.VerifyOptions{Known: [][]byte{kept, []byte("rubbish")}}))
		if !slices.Equal(got, []string{"kept checkpoint 1 of 2, of 8 entries: the log began differently when it was signed", "kept checkpoint 2 of 2: it is not one of this log's"}) {
			t.Error(got)
		}
	})
}

func TestVerifyKnowsALostTail(t *testing.T) {
	d := dbtest.SQLite(t, time.Now)
	l := newLog(t, d)
	fill(t, d, 3)
	sequence(t, l)
	signed, err := l.Checkpoint(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	o := record.VerifyOptions{Known: [][]byte{signed}}
	if r := verify(t, l, o); !r.Good() {
		t.Fatal(r.Problems)
	}
	unlock(t, d)
	for _, table := range []string{"checkpoint", "hash", "place", "entry"} {
		force(t, d, "delete from record_"+table)
	}
	got := problems(verify(t, l, o))
	if !slices.Equal(got, []string{"kept checkpoint 1 of 1, of 3 entries: the log has only 0 entries now"}) {
		t.Error(got)
	}
}

func TestVerifySurvivesAnAbsurdCheckpoint(t *testing.T) {
	for _, size := range []int64{40_000, 1 << 40, 1<<63 - 1} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			d := dbtest.SQLite(t, time.Now)
			l := newLog(t, d)
			fill(t, d, 3)
			sequence(t, l)
			force(t, d, "insert into record_checkpoint (size, note, at_us) values ($1, 'x', 0)", size)
			force(t, d, "insert into record_hash (idx, hash) select $1, hash from record_hash where idx = 0", size)
			r := verify(t, l, record.VerifyOptions{})
			if r.Good() || len(r.Problems) > 1001 || r.More == 0 {
				t.Errorf("%d problems and %d more", len(r.Problems), r.More)
			}
		})
	}
}

func TestSequenceRefusesABrokenTree(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLog(t, d)
		fill(t, d, 6)
		sequence(t, l)
		unlock(t, d)
		flip(t, d, "record_hash", "hash", "idx", int64(6), 0) // level 2: on the edge of a tree of six
		fill(t, d, 1)
		n, err := l.Sequence(context.Background())
		if err == nil || n != 0 {
			t.Fatalf("placed %d on a broken tree", n)
		}
		flip(t, d, "record_hash", "hash", "idx", int64(6), 0)
		if n := sequence(t, l); n != 1 {
			t.Fatalf("placed %d after the repair", n)
		}
		good(t, l, 7)
	})
}

func TestTablesRefuseChange(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLog(t, d)
		fill(t, d, 2)
		sequence(t, l)
		queries := []string{
			"update record_entry set kind = kind", "delete from record_entry",
			"update record_place set idx = idx", "delete from record_place",
			"update record_hash set idx = idx", "delete from record_hash",
			"update record_checkpoint set size = size", "delete from record_checkpoint",
			"insert into record_place (idx, entry) values (0, 'x') on conflict (idx) do update set entry = excluded.entry",
		}
		if d.Engine() == db.Postgres {
			queries = append(queries, "truncate record_entry", "truncate record_place", "truncate record_hash", "truncate record_checkpoint")
		}
		for _, q := range queries {
			err := d.Update(context.Background(), func(tx *db.Tx) error {
				_, err := tx.Exec(q)
				return err
			})
			if !db.Refused(err) {
				t.Errorf("%s: %v", q, err)
			}
		}
		good(t, l, 2)
	})
}

func TestVerifyResumes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLog(t, d)
		for range 4 {
			fill(t, d, 700)
		}
		sequence(t, l)
		ctx, cancel := context.WithCancel(context.Background())
		part, err := l.Verify(ctx, record.VerifyOptions{Progress: func(done, total int64) {
			if total != 2800 {
				t.Errorf("total %d", total)
			}
			if done == 2000 {
				cancel()
			}
		}})
		if err == nil || part.Size != 2000 || part.Entries != 2000 {
			t.Fatalf("interrupted: %+v, %v", part, err)
		}
		fill(t, d, 5)
		sequence(t, l)
		at := record.Point{Size: part.Size, Root: part.Root}
		r := verify(t, l, record.VerifyOptions{From: at})
		if !r.Good() || r.Entries != 805 || r.Size != 2805 {
			t.Fatalf("resumed: %+v", r)
		}
		whole := good(t, l, 2805)
		if whole.Root != r.Root {
			t.Fatal("two ways to the end, two roots")
		}
		at.Root[0] ^= 1
		for _, from := range []record.Point{at, {Size: 9999}, {Size: -1}} {
			_, err = l.Verify(context.Background(), record.VerifyOptions{From: from})
			if !errors.Is(err, record.ErrResume) {
				t.Errorf("from %d: %v", from.Size, err)
			}
		}
	})
}

// blobs is a store of documents in a map: what its check answers.
type blobs map[string]error

func (b blobs) Each(_ context.Context, fn func(string, func() error) error) error {
	for _, name := range []string{"aa", "bb", "cc"} {
		err := fn(name, func() error { return b[name] })
		if err != nil {
			return err
		}
	}
	return nil
}

func TestVerifyReadsDocuments(t *testing.T) {
	d := dbtest.SQLite(t, time.Now)
	l := newLog(t, d)
	r := verify(t, l, record.VerifyOptions{Blobs: blobs{"bb": errors.New("secret detail"), "cc": fault.New(fault.NotFound, "The file is missing")}})
	want := []string{"document blob bb: its stored bytes are missing or not what they were", "document blob cc: The file is missing"}
	if r.Blobs != 3 || !slices.Equal(problems(r), want) {
		t.Errorf("%+v", r)
	}
	_, err := l.Verify(context.Background(), record.VerifyOptions{Blobs: blobs{"bb": fault.New(fault.Unavailable, "gone")}})
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("a store that does not answer: %v", err)
	}
}
