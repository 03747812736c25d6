package bulk_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hsconnect/internal/db"
)

// meter reads how much work of processors was done.
type meter struct {
	postmaster string // the process that all of the database's come from; empty where the database is in this one, or elsewhere
}

func newMeter(b *testing.B, d *db.DB) meter {
	b.Helper()
	if d.Engine() != db.Postgres {
		return meter{}
	}
	var pid int
	must(b, d.View(ctx(), func(tx *db.Tx) error { return tx.Row("select pg_backend_pid()").Scan(&pid) }))
	s, ok := readStat(strconv.Itoa(pid))
	if !ok {
		return meter{} // on another machine
	}
	return meter{postmaster: s.parent}
}

// read gives the time of this process and that of the database's processes.
func (m meter) read() (self, base time.Duration) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	if err == nil {
		self = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	if m.postmaster == "" {
		return self, 0
	}
	if s, ok := readStat(m.postmaster); ok {
		base = s.own + s.gone
	}
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return self, base
	}
	for _, dir := range all {
		s, ok := readStat(filepath.Base(dir))
		if ok && s.parent == m.postmaster {
			base += s.own
		}
	}
	return self, base
}

// stat is what the kernel tells of a process: its parent, its own work and
// that of its children that have ended.
type stat struct {
	parent    string
	own, gone time.Duration
}

// tick is the unit of those times on Linux.
const tick = 10 * time.Millisecond

func readStat(pid string) (stat, bool) {
	raw, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return stat{}, false
	}
	_, rest, ok := strings.Cut(string(raw), ") ") // after the name, which may hold anything
	f := strings.Fields(rest)
	if !ok || len(f) < 15 {
		return stat{}, false
	}
	ticks := func(i int) time.Duration {
		n, err := strconv.ParseInt(f[i], 10, 64)
		if err != nil {
			return 0
		}
		return time.Duration(n) * tick
	}
	return stat{parent: f[1], own: ticks(11) + ticks(12), gone: ticks(13) + ticks(14)}, true
}
