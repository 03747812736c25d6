package bulk

import (
	"math/rand/v2"
	"time"
)

// What draws. Each row of each part has dice of its own, so that any of them
// can be made again without those before it.
const (
	forOrg = iota + 1
	forDoctor
	forMember
	forCover
	forTie
	forPerson
	forLook
	forSession
	forRef
	forClaim
)

// dice draw what is made up: content, never a secret.
type dice struct {
	pcg rand.PCG
	*rand.Rand
}

func newDice() *dice {
	d := &dice{}
	d.Rand = rand.New(&d.pcg)
	return d
}

// throw takes the dice of one row of a part.
func (d *dice) throw(seed uint64, part, no int) *dice {
	d.pcg.Seed(seed, uint64(part)<<48^uint64(no))
	return d
}

// in reports true in so many of a thousand cases.
func (d *dice) in(permille int) bool { return d.IntN(1000) < permille }

func pick[T any](d *dice, from []T) T { return from[d.IntN(len(from))] }

// alphabet and the shape of ref are those of package id: ten characters of
// milliseconds, sixteen of chance.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// ref gives the id of row no of a part, made at a time.
func (p Plan) ref(part, no int, at time.Time) string {
	var b [26]byte
	ms := uint64(at.UnixMilli())
	for i := 9; i >= 0; i-- {
		b[i] = alphabet[ms&31]
		ms >>= 5
	}
	state := p.Seed ^ uint64(part)<<56 ^ uint64(no)
	for half := range 2 {
		bits := mixed(&state)
		for i := range 8 {
			b[10+8*half+i] = alphabet[bits&31]
			bits >>= 5
		}
	}
	return string(b[:])
}

// mixed is splitmix64: neighbouring states give numbers that share nothing.
func mixed(state *uint64) uint64 {
	*state += 0x9e3779b97f4a7c15
	z := *state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
