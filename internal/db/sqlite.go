package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the embedded engine, registered as "sqlite"

	"hsconnect/internal/fault"
)

const (
	groupSize = 256                   // closures in one shared transaction, at most
	groupTime = 20 * time.Millisecond // and no new one begins after this long
)

func (d *DB) openSQLite(ctx context.Context, path string) (*DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	d.engine = SQLite
	base := "file:" + (&url.URL{Path: abs}).EscapedPath() +
		"?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_pragma=synchronous(FULL)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-65536)"
	wpool, err := sql.Open("sqlite", base+"&_pragma=journal_mode(WAL)")
	if err != nil {
		return nil, err
	}
	wpool.SetMaxOpenConns(2)     // the writer's own, and one for migrations
	err = wpool.PingContext(ctx) // makes the file, so that readers find it in WAL mode
	if err != nil {
		_ = wpool.Close()
		return nil, unavailable(err)
	}
	d.pool, err = sql.Open("sqlite", base+"&_pragma=query_only(1)")
	if err != nil {
		_ = wpool.Close()
		return nil, err
	}
	// Readers that fill every core starve the one writer: keep them few.
	readers := min(max(runtime.NumCPU(), 2), 8)
	d.pool.SetMaxOpenConns(readers)
	d.pool.SetMaxIdleConns(readers)
	d.readers = make(chan *session, readers)
	for range readers {
		d.readers <- &session{pool: d.pool}
	}
	d.writer = startWriter(d, wpool)
	return d, nil
}

// writer is the one goroutine that writes to SQLite.
type writer struct {
	db    *DB
	queue chan *waiting
	done  chan struct{}
	mu    sync.RWMutex // guards closed against sends
	shut  bool

	session
}

// waiting is a closure in the queue and where its answer goes.
type waiting struct {
	ctx    context.Context //nolint:containedctx // the caller waits for exactly this call
	fn     func(tx *Tx) error
	answer chan error
	err    error // the closure's own error; nil if its savepoint was kept
}

func startWriter(d *DB, pool *sql.DB) *writer {
	w := &writer{db: d, session: session{pool: pool}, queue: make(chan *waiting, groupSize), done: make(chan struct{})}
	go w.loop()
	return w
}

func (w *writer) close() {
	w.mu.Lock()
	if !w.shut {
		w.shut = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.done
}

func (w *writer) update(ctx context.Context, fn func(tx *Tx) error) error {
	c := &waiting{ctx: ctx, fn: fn, answer: make(chan error, 1)}
	w.mu.RLock()
	if w.shut {
		w.mu.RUnlock()
		return fault.New(fault.Unavailable, "The portal is shutting down; please try again in a moment")
	}
	select {
	case w.queue <- c:
		w.mu.RUnlock()
	case <-ctx.Done():
		w.mu.RUnlock()
		return unavailable(ctx.Err())
	}
	// From here the closure may already be running, so the answer is waited
	// for even if the caller has gone: "not done" must never be said of
	// something that was.
	return <-c.answer
}

func (w *writer) loop() {
	defer close(w.done)
	for c := range w.queue {
		group := []*waiting{c}
		w.group(&group)
		for _, g := range group {
			g.answer <- g.err
		}
	}
	w.reset()
	err := w.pool.Close()
	if err != nil {
		w.db.log.Error("closing the database", "err", err)
	}
}

// group runs the first closure and whatever else is waiting in one transaction.
func (w *writer) group(group *[]*waiting) {
	start := w.db.now()
	broken := w.transact(func() bool {
		i := 0
		for ; i < len(*group); i++ {
			if !w.one((*group)[i]) {
				return false
			}
			if i+1 == len(*group) && i+1 < groupSize && w.db.now().Sub(start) < groupTime {
				select {
				case next, ok := <-w.queue:
					if ok {
						*group = append(*group, next)
					}
				default:
				}
			}
		}
		return true
	})
	if broken == nil {
		return
	}
	w.reset()
	if len(*group) == 1 {
		if (*group)[0].err == nil || isEngineFault((*group)[0].err) {
			(*group)[0].err = unavailable(broken)
		}
		return
	}
	// One closure took the shared transaction down with it. The others did
	// nothing wrong: each runs again alone.
	for _, g := range *group {
		g.err = nil
		alone := []*waiting{g}
		err := w.transact(func() bool { return w.one(alone[0]) })
		if err != nil {
			w.reset()
			if g.err == nil || isEngineFault(g.err) {
				g.err = unavailable(err)
			}
		}
	}
}

// transact runs body between begin and commit. A nil error means: committed.
func (w *writer) transact(body func() bool) error {
	ctx := context.Background() // a cancelled statement would undo the whole group
	err := w.connect(ctx)
	if err != nil {
		return err
	}
	_, err = w.exec(ctx, "begin immediate", nil)
	if err != nil {
		return err
	}
	if !body() {
		_, err = w.exec(ctx, "rollback", nil)
		if err != nil {
			return fmt.Errorf("the engine ended the transaction: %w", err)
		}
		return errors.New("the engine ended the transaction")
	}
	_, err = w.exec(ctx, "commit", nil)
	return err
}

// one runs a closure under a savepoint. It reports false when the engine has
// lost the transaction as a whole.
func (w *writer) one(c *waiting) bool {
	c.err = c.ctx.Err()
	if c.err != nil {
		c.err = unavailable(c.err)
		return true
	}
	ctx := context.WithoutCancel(c.ctx)
	_, err := w.exec(ctx, "savepoint one", nil)
	if err != nil {
		c.err = err
		return false
	}
	c.err = safely(c.fn, &Tx{Now: w.db.Now(), ctx: ctx, engine: SQLite, run: &w.session})
	if c.err != nil {
		c.err = classify(c.err)
		_, err = w.exec(ctx, "rollback to one", nil)
		if err != nil {
			return false
		}
	}
	_, err = w.exec(ctx, "release one", nil)
	if err != nil && c.err == nil {
		c.err = err
	}
	return err == nil
}

// session is one connection to SQLite with its prepared statements: preparing
// is the larger part of a small query. It is used by one goroutine at a time.
type session struct {
	pool  *sql.DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func (s *session) connect(ctx context.Context) error {
	if s.conn != nil {
		return nil
	}
	conn, err := s.pool.Conn(ctx)
	if err != nil {
		return err
	}
	s.conn = conn
	s.stmts = make(map[string]*sql.Stmt)
	return nil
}

// reset drops the connection, so that the next transaction starts on a clean one.
func (s *session) reset() {
	for _, st := range s.stmts {
		_ = st.Close() // the connection goes with them
	}
	s.stmts = nil
	if s.conn == nil {
		return
	}
	// An open transaction must not survive in the pool.
	_, _ = s.conn.ExecContext(context.Background(), "rollback")
	_ = s.conn.Close()
	s.conn = nil
}

func (s *session) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	st, ok := s.stmts[query]
	if ok {
		return st, nil
	}
	st, err := s.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if len(s.stmts) >= maxStmts {
		for text, old := range s.stmts { // any one: texts are few unless a caller makes them up
			_ = old.Close()
			delete(s.stmts, text)
			break
		}
	}
	s.stmts[query] = st
	return st, nil
}

func (s *session) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	st, err := s.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args...)
}

func (s *session) later(ctx context.Context, query string, args []any) error {
	_, err := s.exec(ctx, query, args)
	return err
}

func (s *session) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	st, err := s.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...)
}

func (s *session) row(ctx context.Context, query string, args []any) *sql.Row {
	st, err := s.stmt(ctx, query)
	if err != nil {
		return s.conn.QueryRowContext(ctx, query, args...) // carries the same error to Scan
	}
	return st.QueryRowContext(ctx, args...)
}

// viewSQLite runs fn on one of the reading sessions. All of a session's
// statements are its own, so that a View never waits for a second connection
// while it holds one.
func (d *DB) viewSQLite(ctx context.Context, fn func(tx *Tx) error) error {
	var s *session
	select {
	case s = <-d.readers:
	case <-ctx.Done():
		return unavailable(ctx.Err())
	}
	defer func() { d.readers <- s }()
	err := s.connect(ctx)
	if err != nil {
		return unavailable(err)
	}
	_, err = s.exec(ctx, "begin", nil)
	if err != nil {
		s.reset()
		return unavailable(err)
	}
	err = safely(fn, &Tx{Now: d.Now(), ctx: ctx, engine: SQLite, run: s})
	_, back := s.exec(context.WithoutCancel(ctx), "rollback", nil)
	if back != nil {
		s.reset()
	}
	return classify(err)
}
