package intake

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"reflect"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
)

// BatchSize is how many rows are staged in one transaction: what a load that
// is killed has to read again at most.
const BatchSize = 2000

// ErrStale says that what an earlier try has staged are other rows than those
// of the file: it was being written while that try read it.
var ErrStale = errors.New("intake: the staged rows are not those of the file")

// Stager stages the rows of a file in batches while the file is read on. What
// an earlier try has staged is compared and not stored again.
type Stager[T any] struct {
	s       *Service
	ctx     context.Context //nolint:containedctx // a stager lives exactly as long as the call that made it
	who     access.Actor
	key     string
	there   int // batches that an earlier try has staged
	no      int
	waiting []T
	storing chan error // the batch that is being stored
}

// NewStager makes a stager for the staging of key, of which Begin has given st.
func NewStager[T any](ctx context.Context, s *Service, who access.Actor, key string, st Staged) *Stager[T] {
	return &Stager[T]{s: s, ctx: ctx, who: who, key: key, there: st.Batches}
}

// ErrMoved says that a file is not the one whose digest was taken.
var ErrMoved = fault.New(fault.Conflict, "The file changed while it was being read. Nothing was loaded; load it again when it is complete")

// Stage reads a file from its beginning and stages its rows: read hands each to
// the stager, and says whether the whole file is fit to be loaded. What an
// earlier try has staged stays as it is, or is dropped when the file holds other
// rows. Stage gives what that try had staged; where that was whole already,
// nothing is read.
func Stage[T any](in *Reading, s *Service, who access.Actor, f File, read func(r io.Reader, st *Stager[T]) (fit bool, err error)) (Staged, error) {
	before, err := s.Begin(in.Ctx, who, f)
	if err != nil || before.Whole {
		in.Done += in.Source.Size
		return before, err
	}
	st, done, fit := NewStager[T](in.Ctx, s, who, f.Key, before), in.Done, false
	digest, err := in.Read(func(r io.Reader) error {
		var err error
		fit, err = read(r, st)
		return err
	})
	stored := st.Wait()
	switch {
	case err != nil:
	case stored != nil:
		err = stored
	case digest != f.Digest:
		err = ErrMoved
	case fit:
		err = st.Complete()
	}
	if !errors.Is(err, ErrStale) {
		return before, err
	}
	err = s.Drop(in.Ctx, who, f.Key)
	if err != nil {
		return Staged{}, err
	}
	in.Done = done
	return Stage(in, s, who, f, read)
}

// Add takes the next row. It gives ErrStale, or what became of a batch before.
func (st *Stager[T]) Add(row T) error {
	st.waiting = append(st.waiting, row)
	if len(st.waiting) < BatchSize {
		return nil
	}
	return st.store()
}

// Complete stages what is left, and notes that the file is staged to its end.
func (st *Stager[T]) Complete() error {
	err := st.store()
	if err == nil {
		err = st.Wait()
	}
	if err == nil && st.no < st.there {
		err = ErrStale
	}
	if err != nil {
		return err
	}
	return st.s.Complete(st.ctx, st.who, st.key)
}

func (st *Stager[T]) store() error {
	err := st.Wait()
	if err != nil || len(st.waiting) == 0 {
		return err
	}
	rows, no := st.waiting, st.no
	st.waiting = make([]T, 0, BatchSize)
	st.no++
	if no < st.there {
		return st.compare(rows, no)
	}
	done := make(chan error, 1)
	st.storing = done
	go func() {
		body, err := encode(rows)
		if err == nil {
			err = st.s.Put(st.ctx, st.who, st.key, no, len(rows), body)
		}
		done <- err
	}()
	return nil
}

// compare holds a batch against what an earlier try has staged.
func (st *Stager[T]) compare(rows []T, no int) error {
	var body []byte
	err := st.s.DB.View(st.ctx, func(tx *db.Tx) error {
		var err error
		body, err = Batch(tx, st.who, st.key, no)
		return err
	})
	if err != nil {
		return err
	}
	now, err := encode(rows)
	if err != nil {
		return err
	}
	was, err := decode[T](body)
	if err != nil {
		return err
	}
	is, err := decode[T](now)
	if err == nil && !reflect.DeepEqual(was, is) {
		return ErrStale
	}
	return err
}

// Wait gives what became of the batch that is being stored.
func (st *Stager[T]) Wait() error {
	if st.storing == nil {
		return nil
	}
	err := <-st.storing
	st.storing = nil
	return err
}

func encode[T any](rows []T) ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(rows)
	return b.Bytes(), err
}

// Rows gives the rows of one staged batch.
func Rows[T any](tx *db.Tx, who access.Actor, key string, no int) ([]T, error) {
	body, err := Batch(tx, who, key, no)
	if err != nil {
		return nil, err
	}
	return decode[T](body)
}

func decode[T any](body []byte) ([]T, error) {
	rows := make([]T, 0, BatchSize)
	err := gob.NewDecoder(bytes.NewReader(body)).Decode(&rows)
	if err != nil {
		return nil, fmt.Errorf("intake: what was staged cannot be read: %w", err)
	}
	return rows, nil
}
