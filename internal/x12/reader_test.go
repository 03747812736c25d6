package x12_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"hsconnect/internal/x12"
)

const header = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260101*0800*^*00501*000000011*0*T*:~"

// sound is a whole small file without line breaks.
const sound = header + "GS*BE*S*R*20260101*0800*1*X*005010X220A1~ST*834*0001*005010X220A1~REF*0F*A:B^C:D*~SE*3*0001~GE*1*1~IEA*1*000000011~"

func TestReaderGivesSegmentsWithTheirPlace(t *testing.T) {
	for _, breaks := range []string{"", "\n", "\r\n", " \r\n", "\n\n  \t"} {
		text := strings.ReplaceAll(sound, "~", "~"+breaks)
		r := x12.NewReader(iotest.OneByteReader(strings.NewReader(text)), x12.Options{})
		var tags []string
		for {
			s, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%q: %v", breaks, err)
			}
			tags = append(tags, s.Tag())
			p := s.Position()
			if p.Segment != len(tags) || p.Line != 1+strings.Count(text[:p.Offset], "\n") || !strings.HasPrefix(text[p.Offset:], s.Tag()) {
				t.Errorf("%q: %s at %+v", breaks, s.Tag(), p)
			}
			if s.Tag() != "REF" {
				continue
			}
			if s.Len() != 3 || s.Element(2) != "A:B^C:D" || s.Component(2, 2) != "B" || s.Component(2, 3) != "" || s.Element(9) != "" || s.Element(0) != "" {
				t.Errorf("elements of %q", s.Raw())
			}
			reps := s.Repeats(2)
			if len(reps) != 2 || s.Part(reps[1], 2) != "D" || s.Repeats(3) != nil {
				t.Errorf("repeats %q", reps)
			}
		}
		if strings.Join(tags, " ") != "ISA GS ST REF SE GE IEA" {
			t.Errorf("%q: %v", breaks, tags)
		}
		_, err := r.Next()
		if !errors.Is(err, io.EOF) {
			t.Errorf("the end does not stay the end: %v", err)
		}
	}
}

func TestReaderRefuses(t *testing.T) {
	change := func(old, new string) string { return strings.Replace(sound, old, new, 1) }
	cases := []struct {
		name    string
		text    string
		code    x12.Code
		segment int
		element int
	}{
		{"nothing", "", x12.CodeEmpty, 0, 0},
		{"blanks only", " \r\n\n", x12.CodeEmpty, 0, 0},
		{"a picture", "\x89PNG\r\n", x12.CodeNotX12, 1, 0},
		{"UTF-16", "\xff\xfeI\x00S\x00A\x00", x12.CodeNotX12, 1, 0},
		{"half a header", header[:50], x12.CodeTruncated, 1, 0},
		{"header alone", header, x12.CodeTruncated, 1, 0},
		{"short sender", change("SENDER         ", "SENDER        "), x12.CodeHeader, 1, 6},
		{"long receiver", change("RECEIVER       ", "RECEIVER        "), x12.CodeHeader, 1, 8},
		{"letters as separators", strings.ReplaceAll(sound, "*", "x"), x12.CodeDelimiter, 1, 0},
		{"digit as component separator", change("*T*:", "*T*7"), x12.CodeDelimiter, 1, 16},
		{"letter as terminator", strings.ReplaceAll(sound, "~", "Z"), x12.CodeDelimiter, 1, 0},
		{"NUL as terminator", strings.ReplaceAll(sound, "~", "\x00"), x12.CodeDelimiter, 1, 0},
		{"blank as repetition separator", change("*^*", "* *"), x12.CodeDelimiter, 1, 11},
		{"line break as component separator", change("*T*:", "*T*\n"), x12.CodeDelimiter, 1, 0},
		{"component and element separator alike", change("*T*:", "*T**"), x12.CodeDelimiter, 1, 0},
		{"repetition and component separator alike", change("*^*", "*:*"), x12.CodeDelimiter, 1, 0},
		{"another separator than declared", header + strings.ReplaceAll(sound[len(header):], "*", "|"), x12.CodeTag, 2, 0},
		{"another terminator than declared", header + strings.ReplaceAll(sound[len(header):], "~", "\n"), x12.CodeTruncated, 2, 0},
		{"old interchange", change("00501", "00401"), x12.CodeVersion, 1, 12},
		{"control number not digits", strings.ReplaceAll(sound, "000000011", "00000001A"), x12.CodeHeader, 1, 13},
		{"header date", change("*260101*", "*261301*"), x12.CodeHeader, 1, 9},
		{"header time", change("*0800*^", "*2460*^"), x12.CodeHeader, 1, 10},
		{"acknowledgment", change("*0*T", "*2*T"), x12.CodeHeader, 1, 14},
		{"usage", change("*0*T", "*0*X"), x12.CodeHeader, 1, 15},
		{"control character in header", change("SENDER ", "SENDER\x07"), x12.CodeControlChar, 1, 0},
		{"NUL in data", change("A:B", "A\x00B"), x12.CodeControlChar, 4, 2},
		{"line break in data", change("A:B", "A\nB"), x12.CodeControlChar, 4, 2},
		{"DEL in data", change("A:B", "A\x7fB"), x12.CodeControlChar, 4, 2},
		{"latin-1", change("A:B", "A\xe9B"), x12.CodeEncoding, 4, 2},
		{"control character beyond ASCII", change("A:B", "A\u0085B"), x12.CodeEncoding, 4, 2},
		{"empty segment", change("~SE", "~~SE"), x12.CodeTag, 5, 0},
		{"no tag", change("~REF*", "~*"), x12.CodeTag, 4, 0},
		{"small letters", change("~REF*", "~ref*"), x12.CodeTag, 4, 0},
		{"long tag", change("~REF*", "~REFS*"), x12.CodeTag, 4, 0},
		{"binary", change("~REF*", "~BIN*"), x12.CodeBinary, 4, 0},
		{"too many elements", change("A:B", strings.Repeat("*", 300)), x12.CodeTooManyElements, 4, 0},
		{"too long", change("A:B", strings.Repeat("A", 40000)), x12.CodeTooLong, 4, 0},
		{"far too long", change("A:B", strings.Repeat("A", 400000)), x12.CodeTooLong, 4, 0},
		{"group without control number", change("0800*1*X", "0800**X"), x12.CodeMissingElement, 2, 6},
		{"group date", change("R*20260101", "R*20260132"), x12.CodeDate, 2, 4},
		{"group time", change("20260101*0800*1", "20260101*8*1"), x12.CodeInvalid, 2, 5},
		{"no transaction identifier", change("ST*834*", "ST**"), x12.CodeMissingElement, 3, 1},
		{"segment in the group", change("~ST*", "~REF*"), x12.CodeOrder, 3, 0},
		{"segment behind the transaction", change("~GE*", "~REF*1~GE*"), x12.CodeOrder, 6, 0},
		{"nested transaction", change("~REF*", "~ST*834*0002~REF*"), x12.CodeOrder, 4, 0},
		{"nested group", change("~ST*", "~GS*BE*S*R*20260101*0800*1*X*005010X220A1~ST*"), x12.CodeOrder, 3, 0},
		{"nested interchange", change("~GS*", "~"+header+"GS*"), x12.CodeOrder, 2, 0},
		{"SE missing", change("SE*3*0001~", ""), x12.CodeOrder, 5, 0},
		{"GE missing", change("GE*1*1~", ""), x12.CodeOrder, 6, 0},
		{"ST missing", change("ST*834*0001*005010X220A1~", ""), x12.CodeOrder, 3, 0},
		{"IEA missing", change("IEA*1*000000011~", ""), x12.CodeTruncated, 6, 0},
		{"IEA unterminated", strings.TrimSuffix(sound, "~"), x12.CodeTruncated, 7, 0},
		{"SE count", change("SE*3", "SE*4"), x12.CodeCount, 5, 1},
		{"SE count not a number", change("SE*3", "SE*3A"), x12.CodeCount, 5, 1},
		{"SE count enormous", change("SE*3", "SE*99999999999999999999"), x12.CodeCount, 5, 1},
		{"SE count missing", change("SE*3", "SE*"), x12.CodeMissingElement, 5, 1},
		{"SE number", change("SE*3*0001", "SE*3*1"), x12.CodeControlNumber, 5, 2},
		{"GE count", change("GE*1*", "GE*2*"), x12.CodeCount, 6, 1},
		{"GE number", change("GE*1*1", "GE*1*2"), x12.CodeControlNumber, 6, 2},
		{"IEA count", change("IEA*1", "IEA*0"), x12.CodeCount, 7, 1},
		{"IEA number", change("IEA*1*000000011", "IEA*1*11"), x12.CodeControlNumber, 7, 2},
		{"no group", header + "IEA*0*000000011~", x12.CodeOrder, 2, 0},
		{"something behind", sound + "REF*1~", x12.CodeTrailing, 8, 0},
		{"end of file mark behind", sound + "\x1a", x12.CodeTrailing, 8, 0},
		{"half a second interchange", sound + header, x12.CodeTruncated, 8, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := readAll([]byte(c.text), x12.Options{})
			var e *x12.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if e.Code != c.code || e.Segment != c.segment || e.Element != c.element || e.Text == "" {
				t.Errorf("got %#v", e)
			}
		})
	}
}

func TestErrorSaysWhere(t *testing.T) {
	_, err := readAll([]byte(strings.Replace(sound, "A:B", "A\x00B", 1)), x12.Options{})
	var e *x12.Error
	if !errors.As(err, &e) || e.Offset != int64(strings.Index(sound, "A:B")+1) {
		t.Errorf("%#v", err)
	}
	if !strings.HasPrefix(err.Error(), "x12: segment 4 (REF), line 1, element 2: a control") {
		t.Error(err)
	}
}

func TestErrorStays(t *testing.T) {
	r := x12.NewReader(strings.NewReader(header), x12.Options{})
	_, first := r.Next()
	_, second := r.Next()
	_, third := r.Next()
	if first != nil || second == nil || !errors.Is(third, second) {
		t.Error(first, second, third)
	}
}

func TestFailureOfTheInputIsNotAFaultOfTheFile(t *testing.T) {
	broken := errors.New("disk gone")
	for _, n := range []int{0, 2, 50, 106, 150, len(sound)} {
		r := x12.NewReader(io.MultiReader(strings.NewReader(sound[:n]), iotest.ErrReader(broken)), x12.Options{})
		var err error
		for err == nil {
			_, err = r.Next()
		}
		var e *x12.Error
		if !errors.Is(err, broken) || errors.As(err, &e) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

func TestSeveralInterchangesWithTheirOwnDelimiters(t *testing.T) {
	other := strings.NewReplacer("*", "|", "~", "\n", ":", "\\", "^", "\x1d").Replace(sound)
	r := x12.NewReader(strings.NewReader(sound+"\r\n"+other), x12.Options{})
	n := 0
	for {
		s, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if s.Tag() == "REF" && s.Component(2, 2) == "B" && len(s.Repeats(2)) == 2 {
			n++
		}
	}
	if n != 2 || r.Interchange().Delimiters.Repetition != '\x1d' || r.Interchange().Usage != "T" || r.Group().Version == "" || r.Transaction().ID != "834" {
		t.Error(n, r.Interchange())
	}
}

func TestAcknowledgmentNeedsNoGroup(t *testing.T) {
	n, err := readAll([]byte(header+"TA1*000000001*260101*0800*A*000~IEA*0*000000011~"), x12.Options{})
	if err != nil || n != 3 {
		t.Error(n, err)
	}
}

func TestRepairs(t *testing.T) {
	lines := strings.ReplaceAll(sound, "~", "\n")
	cases := []struct {
		name string
		text string
		code x12.RepairCode
	}{
		{"byte order mark", "\ufeff" + sound, x12.RepairByteOrderMark},
		{"letter for repetition separator", strings.Replace(sound, "*^*", "*U*", 1), x12.RepairRepetition},
		{"last line without its end", strings.TrimSuffix(lines, "\n"), x12.RepairLastLine},
		{"last line with half its end", strings.TrimSuffix(lines, "\n") + "\r", x12.RepairLastLine},
		{"no guide", strings.Replace(sound, "0001*005010X220A1", "0001", 1), x12.RepairGuide},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := x12.NewReader(strings.NewReader(c.text), x12.Options{})
			var err error
			for err == nil {
				_, err = r.Next()
			}
			got := r.Repairs()
			if !errors.Is(err, io.EOF) || len(got) != 1 || got[0].Code != c.code || got[0].Count != 1 {
				t.Errorf("%v, repairs %+v", err, got)
			}
		})
	}
	// Only the self-proving last segment may lack its end.
	_, err := readAll([]byte(lines[:strings.Index(lines, "IEA")-1]), x12.Options{})
	var e *x12.Error
	if !errors.As(err, &e) || e.Code != x12.CodeTruncated {
		t.Error(err)
	}
}

func TestEveryTruncationIsRefused(t *testing.T) {
	for i := range len(sound) {
		_, err := readAll([]byte(sound[:i]), x12.Options{})
		var e *x12.Error
		if !errors.As(err, &e) {
			t.Fatalf("cut after %d bytes: %v", i, err)
		}
	}
	_, err := readAll(bytes.TrimSpace([]byte(sound)), x12.Options{})
	if err != nil {
		t.Error(err)
	}
}
