package x12_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"hsconnect/internal/x12"
)

func seeds(f *testing.F) {
	f.Helper()
	f.Add([]byte(sound))
	f.Add([]byte(strings.ReplaceAll(sound, "~", "\n")))
	f.Add([]byte("\ufeff" + strings.NewReplacer("*", "|", "~", "\x1d", ":", "\\").Replace(sound)))
	f.Add([]byte(header + "TA1*000000001*260101*0800*A*000~IEA*0*000000011~"))
	f.Add(member("REF*0F*A1", "REF*17*M1", "DTP*356*D8*20260101", "NM1*IL*1*DOE*JANE****34*1", "PER*IP**TE*1", "N3*1 A", "N4*B*FL*3",
		"DMG*D8*19800101*F**C:RET:1", "LUI*LE*SPA", "NM1*31*1", "N3*X", "HD*021**HLT*P*FAM", "DTP*348*D8*20260101", "DTP*349*D8*20251231",
		"LX*1", "NM1*P3*1*B*C****XX*1", "PLA*2*1P*20260101**14", "COB*P*1*5*1^35", "DTP*344*D8*20260101", "DTP*345*D8*20251231", "NM1*36*2*Y", "NM1*IN*2*X", "COB", "NM1", "LS*2700", "LX*1", "N1*75*X", "DTP*007*RD8*20260101-20260102", "LE*2700"))
	f.Add(member("REF*0F", "NM1*IL*1**J", "HD*ZZ", "DTP*348*D8", "NM1*IL*1*X", "DTP*1*D8*20261301", "CLM*1", "INS**18"))
	f.Add([]byte("ISA"))
	f.Add([]byte{})
}

// FuzzReader: no input makes the reader panic, run on, or give a fault
// without a place; and what it accepts, written again, reads the same.
func FuzzReader(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		r := x12.NewReader(bytes.NewReader(data), x12.Options{})
		var again bytes.Buffer
		last := x12.Position{Line: 1, Offset: -1}
		n := 0
		for {
			s, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				checkFault(t, err, data)
				return
			}
			n++
			p := s.Position()
			if p.Segment != n || p.Offset <= last.Offset || p.Line < last.Line || !bytes.HasPrefix(data[p.Offset:], s.Raw()) {
				t.Fatalf("segment %d at %+v after %+v", n, p, last)
			}
			last = p
			for i := 0; i <= s.Len()+1; i++ {
				joined := strings.Join(s.Repeats(i), string(rune(r.Interchange().Delimiters.Repetition)))
				if i > 0 && joined != s.Element(i) {
					t.Fatalf("element %d: %q and %q", i, joined, s.Element(i))
				}
				if !strings.HasPrefix(s.Element(i), s.Component(i, 1)) {
					t.Fatalf("element %d: component", i)
				}
			}
			again.Write(s.Raw())
			again.WriteByte(r.Interchange().Delimiters.Segment)
		}
		count, err := readAll(again.Bytes(), x12.Options{})
		if err != nil || count != n {
			t.Fatalf("printed again: %d of %d segments, %v", count, n, err)
		}
	})
}

// FuzzRead834: every fault has a place inside the file and members come in
// order, each with its own.
func FuzzRead834(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		last, n := 0, 0
		file, err := x12.Read834(bytes.NewReader(data), x12.Options834{Exchange: true}, func(m x12.Enrollment834) error {
			n++
			if m.Header == nil || m.Position.Segment <= last {
				t.Fatalf("member at %+v after segment %d", m.Position, last)
			}
			for _, p := range m.Problems {
				if p.Segment < m.Position.Segment || p.Line < m.Position.Line || p.Text == "" || p.Code == "" {
					t.Fatalf("problem %+v of the member at %+v", p, m.Position)
				}
			}
			for _, c := range m.Coverages {
				if len(m.Problems) == 0 && c.Begin != "" && c.End != "" && c.End < c.Begin {
					t.Fatal("an end before its start went unseen")
				}
			}
			last = m.Position.Segment
			return nil
		})
		if n != file.Enrollments || file.Faulty > n {
			t.Fatalf("%d members, counted %+v", n, file)
		}
		if err != nil {
			checkFault(t, err, data)
		}
	})
}

// FuzzRead835: every fault has a place, claims come in order, and what is
// handed on without a problem balances.
func FuzzRead835(f *testing.F) {
	seeds(f)
	f.Add(remittance("80", "LX*1", "CLP*A1*1*100*80*20*12*P1", "NM1*QC*1*DOE*JANE****MI*M1", "MOA***N1", "SVC*HC:99213:25*100*80**1", "DTM*472*20260101", "CAS*PR*1*20", "LQ*HE*N1", "AMT*B6*90", "REF*6R*1"))
	f.Add(remittance("70", "LX*1", "CLP*A1*22*-10*-10**12*P1", "CLP*A1*1*100*90**12*P1", "CAS*CO*45*10", "PLB*1*20261231*WO:X*10*L6:Y*0"))
	f.Fuzz(func(t *testing.T, data []byte) {
		last, n := 0, 0
		file, err := x12.Read835(bytes.NewReader(data), x12.Options835{}, func(c x12.Claim835) error {
			n++
			if c.Payment == nil || c.Position.Segment <= last {
				t.Fatalf("claim at %+v after segment %d", c.Position, last)
			}
			last = c.Position.Segment
			off := int64(0)
			for _, a := range c.Adjustments {
				off += a.Cents
			}
			for _, l := range c.Lines {
				for _, a := range l.Adjustments {
					off += a.Cents
				}
			}
			if len(c.Problems) == 0 && c.Charge-off != c.Paid {
				t.Fatal("a claim that does not balance went unseen")
			}
			checkProblems(t, c.Problems, c.Position)
			return nil
		})
		if n != file.Claims || file.Faulty > n {
			t.Fatalf("%d claims, counted %+v", n, file)
		}
		if err != nil {
			checkFault(t, err, data)
		}
	})
}

// FuzzRead277: every fault has a place, and claims come in order with a status.
func FuzzRead277(f *testing.F) {
	seeds(f)
	f.Add(inquiry("TRN*2*A", "STC*P1:20:PR*20260105*WQ*10*0*20260105*CHK*20260105*1*A2:20*A2:21", "REF*1K*P", "DTP*472*RD8*20260101-20260102", "SVC*HC:99213*10*0****1", "STC*P1:20*20260105"))
	f.Add(inquiry("HL*5*4*23", "NM1*QC*1*DOE*JIM", "TRN*2*A", "STC*P1:20*20260105"))
	f.Fuzz(func(t *testing.T, data []byte) {
		last, n := 0, 0
		file, err := x12.Read277(bytes.NewReader(data), x12.Options277{}, func(c x12.Claim277) error {
			n++
			if c.Header == nil || c.Position.Segment <= last || len(c.Statuses) == 0 && len(c.Problems) == 0 {
				t.Fatalf("claim at %+v after segment %d", c.Position, last)
			}
			last = c.Position.Segment
			checkProblems(t, c.Problems, c.Position)
			return nil
		})
		if n != file.Claims || file.Faulty > n {
			t.Fatalf("%d claims, counted %+v", n, file)
		}
		if err != nil {
			checkFault(t, err, data)
		}
	})
}

func checkProblems(t *testing.T, problems []x12.RowError, at x12.Position) {
	t.Helper()
	for _, p := range problems {
		if p.Segment < at.Segment || p.Line < at.Line || p.Text == "" || p.Code == "" {
			t.Fatalf("problem %+v of the claim at %+v", p, at)
		}
	}
}

func checkFault(t *testing.T, err error, data []byte) {
	t.Helper()
	var e *x12.Error
	if !errors.As(err, &e) || e.Code == "" || e.Text == "" || e.Offset < 0 || e.Offset > int64(len(data)) {
		t.Fatalf("fault without a place: %#v", err)
	}
}
