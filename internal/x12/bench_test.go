package x12_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"

	"hsconnect/internal/x12"
)

// big gives a sound enrollment file of any size without holding it: a member
// repeated, then trailers with the right counts.
type big struct {
	members int
	left    int
	unit    string // segments of one member or claim
	end     string
	pending []byte
	done    bool
}

const (
	bigStart  = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260101*0800*^*00501*000000011*0*T*:~\nGS*BE*S*R*20260101*0800*1*X*005010X220A1~\nST*834*0001*005010X220A1~\nBGN*00*1*20260101*0800****2~\nREF*38*GRP000001~\nN1*P5*SPONSOR*FI*999888777~\nN1*IN*PAYER*FI*999888776~\n"
	bigMember = "INS*Y*18*021**A***FT~\nREF*0F*S01100000001~\nREF*1L*GRP000001~\nREF*17*S0110000000100~\nDTP*356*D8*20210901~\nNM1*IL*1*ACHEBE*JONAS****34*900000001~\nN3*9624 MAIN ST~\nN4*OCALA*FL*34462~\nDMG*D8*19800215*F~\nHD*021**HLT*MCD1*FAM~\nDTP*348*D8*20210901~\nLX*1~\nNM1*P3*1*BROWN*BERNARD****XX*1121695930*25~\n"
)

func newBig(size int) *big {
	n := size/len(bigMember) + 1
	return &big{members: n, left: n, unit: bigMember, pending: []byte(bigStart), end: "SE*" + itoa(6+13*n) + "*0001~\nGE*1*1~\nIEA*1*000000011~\n"}
}

const bigClaim = "CLP*A1*1*100*80*20*12*P1~\nNM1*QC*1*DOE*JANE****MI*M1~\nNM1*82*1*ROE*RAY****XX*1234567893~\nDTM*232*20260101~\nSVC*HC:99213:25*60*45**1~\nDTM*472*20260101~\nCAS*PR*1*15~\nAMT*B6*60~\nSVC*HC:85025*40*35**1~\nDTM*472*20260101~\nCAS*PR*1*5~\nLQ*HE*N1~\n"

// newBigRemit gives a sound file of one payment, whatever its size.
func newBigRemit(size int) *big {
	n := size/len(bigClaim) + 1
	start := "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260101*0800*^*00501*000000011*0*T*:~\nGS*HP*S*R*20260101*0800*1*X*005010X221A1~\nST*835*0001*005010X221A1~\nBPR*I*" +
		itoa(80*n) + "*C*CHK************20260105~\nTRN*1*C*1~\nN1*PR*PLAN~\nN1*PE*OFFICE*XX*1234567893~\nLX*1~\n"
	return &big{members: n, left: n, unit: bigClaim, pending: []byte(start), end: "SE*" + itoa(7+12*n) + "*0001~\nGE*1*1~\nIEA*1*000000011~\n"}
}

func (b *big) Read(p []byte) (int, error) {
	if len(b.pending) == 0 {
		switch {
		case b.left > 0:
			b.left--
			b.pending = append(b.pending[:0], b.unit...)
		case !b.done:
			b.done = true
			b.pending = []byte(b.end)
		default:
			return 0, io.EOF
		}
	}
	n := copy(p, b.pending)
	b.pending = b.pending[n:]
	return n, nil
}

// TestMemoryStaysConstant reads 208 MB and looks at the heap all along. With
// -short or the race detector, which is ten times slower, it reads 40 MB:
// still more than the heap may hold.
func TestMemoryStaysConstant(t *testing.T) {
	size := 208 << 20
	if testing.Short() || raceDetector {
		size = 40 << 20
	}
	src := newBig(size)
	const limit = 24 << 20
	var highest uint64
	n := 0
	file, err := x12.Read834(src, x12.Options834{}, func(m x12.Enrollment834) error {
		n++
		if len(m.Problems) > 0 || m.Coverages[0].Providers[0].ID != "1121695930" {
			return errors.New("a member was read wrong")
		}
		if n%20000 == 0 {
			var s runtime.MemStats
			runtime.ReadMemStats(&s)
			highest = max(highest, s.HeapAlloc)
		}
		return nil
	})
	if err != nil || file.Enrollments != src.members {
		t.Fatal(file, err)
	}
	if highest == 0 || highest > limit {
		t.Errorf("the heap reached %d bytes reading %d", highest, size)
	}
}

// TestMemoryStaysConstantReadingClaims is the same for remittances.
func TestMemoryStaysConstantReadingClaims(t *testing.T) {
	const size, limit = 40 << 20, 24 << 20
	src := newBigRemit(size)
	var highest uint64
	n := 0
	file, err := x12.Read835(src, x12.Options835{}, func(c x12.Claim835) error {
		n++
		if len(c.Problems) > 0 || c.Lines[1].Paid != 3500 {
			return errors.New("a claim was read wrong")
		}
		if n%20000 == 0 {
			var s runtime.MemStats
			runtime.ReadMemStats(&s)
			highest = max(highest, s.HeapAlloc)
		}
		return nil
	})
	if err != nil || file.Claims != src.members {
		t.Fatal(file, err)
	}
	if highest == 0 || highest > limit {
		t.Errorf("the heap reached %d bytes reading %d", highest, size)
	}
}

func benchData(b *testing.B) []byte {
	data, err := io.ReadAll(newBig(8 << 20))
	if err != nil {
		b.Fatal(err)
	}
	return data
}

// BenchmarkRead gives the rates of reading segments, of reading members and,
// as the yardstick, of cutting the same bytes with bytes.Split.
func BenchmarkRead(b *testing.B) {
	data := benchData(b)
	b.Run("split segments", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			if len(bytes.Split(data, []byte("~"))) < 1000 {
				b.Fatal("too few")
			}
		}
	})
	b.Run("split elements", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			n := 0
			for _, s := range bytes.Split(data, []byte("~")) {
				n += len(bytes.Split(s, []byte("*")))
			}
			if n < 1000 {
				b.Fatal("too few")
			}
		}
	})
	b.Run("segments", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			n, err := readAll(data, x12.Options{})
			if err != nil || n < 1000 {
				b.Fatal(n, err)
			}
		}
	})
	b.Run("834", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			_, err := x12.Read834(bytes.NewReader(data), x12.Options834{}, func(x12.Enrollment834) error { return nil })
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	claims, err := io.ReadAll(newBigRemit(8 << 20))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("835", func(b *testing.B) {
		b.SetBytes(int64(len(claims)))
		b.ReportAllocs()
		for b.Loop() {
			_, err := x12.Read835(bytes.NewReader(claims), x12.Options835{}, func(x12.Claim835) error { return nil })
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
