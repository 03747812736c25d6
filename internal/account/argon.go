package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"

	"hsconnect/internal/fault"
)

// Params are the costs of Argon2id. The zero Params mean 19 MiB, 2 passes and
// 1 lane; anything less is for tests and for made-up people.
type Params struct {
	Memory   uint32 // KiB
	Passes   uint32
	Lanes    uint8
	Parallel int // hashes at the same time; more wait. 0: by the number of cores, at most 16
}

const (
	defaultMemory = 19 * 1024
	defaultPasses = 2
	defaultLanes  = 1
	saltLength    = 16 // I-09 asks for 4 at least
	sumLength     = 32

	// Bounds for what a stored hash may ask for, so that a damaged row cannot
	// exhaust the machine.
	mostMemory = 1 << 20
	mostPasses = 64
	mostLanes  = 16
)

// hasher reckons Argon2id hashes, a bounded number at a time. Half of the
// slots are out of strangers' reach, and few strangers wait: ten thousand wrong
// passwords a minute do not keep out who signs in from where she works.
type hasher struct {
	params    Params
	slots     chan struct{}
	strangers chan struct{}
	waiting   atomic.Int64 // strangers
	dummy     stored
	runs      atomic.Int64 // hashes reckoned so far
}

// stored is a hash as it stands in a row.
type stored struct {
	params Params
	salt   []byte
	sum    []byte
}

var errHash = errors.New("a stored password hash cannot be read")

func newHasher(p Params) *hasher {
	if p.Memory == 0 {
		p.Memory = defaultMemory
	}
	if p.Passes == 0 {
		p.Passes = defaultPasses
	}
	if p.Lanes == 0 {
		p.Lanes = defaultLanes
	}
	if p.Parallel <= 0 {
		p.Parallel = parallelHashes()
	}
	return &hasher{
		params:    p,
		slots:     make(chan struct{}, p.Parallel),
		strangers: make(chan struct{}, max(1, p.Parallel/2)),
		// Stands in for the hash of somebody who does not exist: it costs the
		// same and no password has this sum.
		dummy: stored{params: p, salt: make([]byte, saltLength), sum: make([]byte, sumLength)},
	}
}

// mostWaiting is how many strangers may wait for each of their slots: some
// seconds' worth.
const mostWaiting = 64

// admit holds a stranger back until a slot for strangers is free. The caller
// gives it back with leave.
func (h *hasher) admit(ctx context.Context) (leave func(), err error) {
	if h.waiting.Add(1) > int64(mostWaiting*cap(h.strangers)) {
		h.waiting.Add(-1)
		return nil, fault.New(fault.TooMany, "Very many people are trying to sign in right now. Wait a minute and try again, or call the HelpDesk")
	}
	defer h.waiting.Add(-1)
	select {
	case h.strangers <- struct{}{}:
		return func() { <-h.strangers }, nil
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "The portal is busy right now. Please try again in a moment")
	}
}

// run reckons one sum, after waiting for a free slot.
func (h *hasher) run(ctx context.Context, password string, p Params, salt []byte) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "The portal is busy right now. Please try again in a moment")
	}
	defer func() { <-h.slots }()
	h.runs.Add(1)
	return argon2.IDKey([]byte(password), salt, p.Passes, p.Memory, p.Lanes, sumLength), nil
}

// make gives the text that is stored for a password, in the PHC string form.
func (h *hasher) make(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // it fills the slice or ends the program
	sum, err := h.run(ctx, password, h.params, salt)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.params.Memory, h.params.Passes, h.params.Lanes, b64.EncodeToString(salt), b64.EncodeToString(sum)), nil
}

// match reports whether password is the one behind the stored text. It
// reckons exactly one hash, also for a text that is empty or damaged; stale
// says that the hash was made with other costs than today's.
func (h *hasher) match(ctx context.Context, text, password string) (good, stale bool, err error) {
	want, bad := parseHash(text)
	if bad != nil {
		want = h.dummy
	}
	sum, err := h.run(ctx, password, want.params, want.salt)
	if err != nil {
		return false, false, err
	}
	good = subtle.ConstantTimeCompare(sum, want.sum) == 1 && bad == nil
	today := h.params
	return good, want.params.Memory != today.Memory || want.params.Passes != today.Passes || want.params.Lanes != today.Lanes, nil
}

func parseHash(text string) (stored, error) {
	part := strings.Split(text, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" {
		return stored{}, errHash
	}
	var s stored
	var version int
	_, err := fmt.Sscanf(part[2]+" "+part[3], "v=%d m=%d,t=%d,p=%d", &version, &s.params.Memory, &s.params.Passes, &s.params.Lanes)
	if err != nil || version != argon2.Version {
		return stored{}, errHash
	}
	if s.params.Memory == 0 || s.params.Memory > mostMemory || s.params.Passes == 0 || s.params.Passes > mostPasses ||
		s.params.Lanes == 0 || s.params.Lanes > mostLanes {
		return stored{}, errHash
	}
	s.salt, err = base64.RawStdEncoding.DecodeString(part[4])
	if err != nil || len(s.salt) == 0 {
		return stored{}, errHash
	}
	s.sum, err = base64.RawStdEncoding.DecodeString(part[5])
	if err != nil || len(s.sum) != sumLength {
		return stored{}, errHash
	}
	return s, nil
}
