package x12_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hsconnect/internal/x12"
)

func interchange(d x12.Delimiters) x12.Interchange {
	return x12.Interchange{
		SenderQualifier: "ZZ", Sender: "SENDER", ReceiverQualifier: "ZZ", Receiver: "RECEIVER", Date: "260101", Time: "0800",
		Version: "00501", Control: "000000011", Usage: "T", Delimiters: d,
	}
}

func group() x12.Group {
	return x12.Group{ID: "BE", Sender: "S", Receiver: "R", Date: "20260101", Time: "0800", Control: "1", Agency: "X", Version: "005010X220A1"}
}

// row is a segment as repeats of components.
type row struct {
	tag      string
	elements [][][]string
}

// write prints rows in one transaction.
func write(w *x12.Writer, d x12.Delimiters, rows []row) error {
	errs := []error{
		w.OpenInterchange(interchange(d)), w.OpenGroup(group()),
		w.OpenTransaction(x12.Transaction{ID: "834", Control: "0001", Guide: "005010X220A1"}),
	}
	for _, r := range rows {
		var elements []x12.Element
		for _, el := range r.elements {
			var repeats []x12.Element
			for _, parts := range el {
				repeats = append(repeats, x12.Composite(parts...))
			}
			elements = append(elements, x12.Repeat(repeats...))
		}
		errs = append(errs, w.Segment(r.tag, elements...))
	}
	return errors.Join(append(errs, w.CloseTransaction(), w.CloseGroup(), w.CloseInterchange())...)
}

func trimEmpty[T any](list []T, empty func(T) bool) []T {
	for len(list) > 0 && empty(list[len(list)-1]) {
		list = list[:len(list)-1]
	}
	if len(list) == 0 {
		return nil
	}
	return list
}

// canonical leaves out what the writer leaves out: empty ends.
func canonical(rows []row) []row {
	noText := func(s string) bool { return s == "" }
	noParts := func(p []string) bool { return len(p) == 0 }
	noRepeats := func(r [][]string) bool { return len(r) == 0 }
	var out []row
	for _, r := range rows {
		c := row{tag: r.tag}
		for _, el := range r.elements {
			var repeats [][]string
			for _, parts := range el {
				repeats = append(repeats, trimEmpty(slices.Clone(parts), noText))
			}
			c.elements = append(c.elements, trimEmpty(repeats, noParts))
		}
		c.elements = trimEmpty(c.elements, noRepeats)
		out = append(out, c)
	}
	return out
}

// readRows gives what stands between ST and SE.
func readRows(t *testing.T, data []byte) []row {
	t.Helper()
	r := x12.NewReader(bytes.NewReader(data), x12.Options{})
	var rows []row
	for {
		s, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatalf("%v in %q", err, data)
		}
		switch s.Tag() {
		case "ISA", "GS", "ST", "SE", "GE", "IEA":
			continue
		}
		c := row{tag: s.Tag()}
		sep := string(rune(r.Interchange().Delimiters.Component))
		for n := 1; n <= s.Len(); n++ {
			var el [][]string
			for _, repeat := range s.Repeats(n) {
				var parts []string
				for k := range strings.Split(repeat, sep) {
					parts = append(parts, s.Part(repeat, k+1))
				}
				el = append(el, parts)
			}
			c.elements = append(c.elements, el)
		}
		rows = append(rows, c)
	}
}

// TestWhatIsWrittenReadsBack writes random transactions with random
// delimiters and reads them.
func TestWhatIsWrittenReadsBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 834))
	signs := []byte("*:^~|!\\>{}+<;\x1c\x1d\x1e\x1f\t_@")
	alphabet := []rune("ABCxyz019 -'.,/()&#éßŁñ日本שלוםعلي😀‍")
	for range 3000 {
		rng.Shuffle(len(signs), func(i, j int) { signs[i], signs[j] = signs[j], signs[i] })
		d := x12.Delimiters{Element: signs[0], Component: signs[1], Repetition: signs[2], Segment: signs[3]}
		if rng.IntN(4) == 0 {
			d.Segment = "\n\r"[rng.IntN(2)]
		}
		text := func() string {
			var b strings.Builder
			for range rng.IntN(6) {
				b.WriteRune(alphabet[rng.IntN(len(alphabet))])
			}
			return b.String()
		}
		var rows []row
		for range rng.IntN(5) {
			r := row{tag: []string{"REF", "N1", "NM1", "HD", "Z9"}[rng.IntN(5)]}
			for range rng.IntN(6) {
				var el [][]string
				for range rng.IntN(3) {
					var parts []string
					for range rng.IntN(4) {
						parts = append(parts, text())
					}
					el = append(el, parts)
				}
				r.elements = append(r.elements, el)
			}
			rows = append(rows, r)
		}
		var out bytes.Buffer
		err := write(x12.NewWriter(&out, rng.IntN(2) == 0), d, rows)
		if err != nil {
			t.Fatalf("%v for %+v", err, d)
		}
		got, want := canonical(readRows(t, out.Bytes())), canonical(rows)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("delimiters %+v\nwrote %q\nread  %+v\nwant  %+v", d, out.String(), got, want)
		}
	}
}

func TestWriterPrintsExactly(t *testing.T) {
	var out bytes.Buffer
	err := write(x12.NewWriter(&out, false), x12.DefaultDelimiters(), []row{{"REF", [][][]string{{{"0F"}}, {{"A", "B"}, {"C", "D"}}, nil}}})
	want := strings.Replace(sound, "C:D*~", "C:D~", 1)
	if err != nil || out.String() != want {
		t.Errorf("%v\ngot  %q\nwant %q", err, out.String(), want)
	}
}

func TestWriterRefusesData(t *testing.T) {
	for _, value := range []string{"A*B", "A:B", "A^B", "A~B", "A\nB", "A\x00", "A\x7f", "A\xff", "A\u0085"} {
		var out bytes.Buffer
		w := x12.NewWriter(&out, false)
		err := write(w, x12.DefaultDelimiters(), []row{{"REF", [][][]string{{{value}}}}})
		if !errors.Is(err, x12.ErrData) || strings.Contains(err.Error(), value) {
			t.Errorf("%q: %v", value, err)
		}
		if out.Len() != 0 {
			t.Errorf("%q: printed %q", value, out.String())
		}
	}
}

func TestWriterRefusesHeaders(t *testing.T) {
	cases := map[string]func(*x12.Interchange){
		"long sender":        func(ic *x12.Interchange) { ic.Sender = "SENDER9012345678" },
		"delimiter in field": func(ic *x12.Interchange) { ic.Sender = "A:B" },
		"accent":             func(ic *x12.Interchange) { ic.Sender = "É" },
		"control number":     func(ic *x12.Interchange) { ic.Control = "11" },
		"date":               func(ic *x12.Interchange) { ic.Date = "261301" },
		"usage":              func(ic *x12.Interchange) { ic.Usage = "" },
		"equal delimiters":   func(ic *x12.Interchange) { ic.Delimiters.Component = '*' },
		"letter":             func(ic *x12.Interchange) { ic.Delimiters.Segment = 'A' },
		"no repetition":      func(ic *x12.Interchange) { ic.Delimiters.Repetition = 0 },
		"NUL":                func(ic *x12.Interchange) { ic.Delimiters.Element = 0 },
	}
	for name, change := range cases {
		ic := interchange(x12.DefaultDelimiters())
		change(&ic)
		w := x12.NewWriter(io.Discard, false)
		first := w.OpenInterchange(ic)
		if first == nil {
			t.Errorf("%s: accepted", name)
		}
		second := w.OpenGroup(group())
		if !errors.Is(second, first) {
			t.Errorf("%s: the error does not stay: %v", name, second)
		}
	}
}

func TestWriterKeepsOrder(t *testing.T) {
	ic := interchange(x12.DefaultDelimiters())
	open := func(w *x12.Writer) error { return w.OpenInterchange(ic) }
	openGroup := func(w *x12.Writer) error { return w.OpenGroup(group()) }
	ref := func(w *x12.Writer) error { return w.Segment("REF", x12.Text("1")) }
	st := func(w *x12.Writer) error { return w.OpenTransaction(x12.Transaction{ID: "834", Control: "1"}) }
	cases := map[string][]func(*x12.Writer) error{
		"group first":                 {openGroup},
		"transaction without group":   {open, st},
		"segment without transaction": {open, openGroup, ref},
		"two interchanges":            {open, open},
		"close nothing":               {(*x12.Writer).CloseInterchange},
		"close the wrong one":         {open, openGroup, st, (*x12.Writer).CloseGroup},
		"close a transaction":         {open, openGroup, (*x12.Writer).CloseTransaction},
		"forged trailer":              {open, openGroup, st, func(w *x12.Writer) error { return w.Segment("SE", x12.Text("1")) }},
		"tag of data":                 {open, openGroup, st, func(w *x12.Writer) error { return w.Segment("A*B") }},
	}
	for name, steps := range cases {
		w := x12.NewWriter(io.Discard, false)
		var err error
		for i, step := range steps {
			err = step(w)
			if err != nil && i < len(steps)-1 {
				t.Errorf("%s: step %d: %v", name, i, err)
			}
		}
		if !errors.Is(err, x12.ErrOrder) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var out bytes.Buffer
	w := x12.NewWriter(&out, true)
	err := errors.Join(open(w), w.Segment("TA1", x12.Text("000000001")), w.CloseInterchange())
	if err != nil || strings.Count(out.String(), "\n") != 3 {
		t.Error(err, out.String())
	}
}
