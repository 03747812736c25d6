package job

import (
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
)

func TestZZRepro(t *testing.T) {
	d := dbtest.SQLite(t, time.Now)
	n := min(max(runtime.NumCPU(), 2), 8)
	var in, wg sync.WaitGroup
	in.Add(n)
	for range n {
		wg.Go(func() {
			_ = d.View(ctx, func(tx *db.Tx) error {
				in.Done()
				in.Wait()
				var n int
				return tx.Row("select 1").Scan(&n)
			})
		})
	}
	ok := make(chan struct{})
	go func() { wg.Wait(); close(ok) }()
	select {
	case <-ok:
		println("fine")
	case <-time.After(5 * time.Second):
		println("deadlock")
		os.Exit(3)
	}
}
