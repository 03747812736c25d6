package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tool gives the path of a program that reads PDF files. Where it is missing the
// test is skipped, except in CI, which has to have it.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed: CI needs the Debian packages qpdf and poppler-utils", name)
	}
	t.Skipf("%s is not installed: install the Debian packages qpdf and poppler-utils to run this test", name)
	return ""
}

// run starts a program on a document and gives what it prints. Anything on its
// standard error fails the test: these readers warn there about damage.
func run(t testing.TB, data []byte, name string, args ...string) string {
	t.Helper()
	program := tool(t, name)
	path := filepath.Join(t.TempDir(), "document.pdf")
	err := os.WriteFile(path, data, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range args {
		if a == "FILE" {
			args[i] = path
		}
	}
	var out, problems bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &out, &problems
	err = cmd.Run()
	if err != nil || problems.Len() > 0 {
		t.Fatalf("%s: %v\n%s%s", name, err, problems.String(), out.String())
	}
	return out.String()
}

func bytesOf(t testing.TB, w *Writer) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := w.WriteTo(&b)
	if err != nil {
		t.Fatal(err)
	}
	if n != int64(b.Len()) {
		t.Fatalf("WriteTo says %d bytes and wrote %d", n, b.Len())
	}
	return b.Bytes()
}

func letterDoc() Doc {
	return Doc{
		Title: "Notice of determination", Lang: "en-US", Author: "Example Health Plan",
		Created:   time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC),
		Header:    "Example Health Plan · Utilization Management",
		Footer:    "Authorization A-2026-000123-7",
		Watermark: "COPY 1",
	}
}

const digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// writeLetter uses every kind of block.
func writeLetter(w *Writer) {
	w.Heading(1, "Notice of denial")
	w.Para("November 23, 2026\nJosé Ñandú-Łukasiewicz\n12 Main Street")
	w.Para("We looked at the request from your doctor. " + strings.Repeat("We can't approve it at this time. ", 20))
	w.Heading(2, "What was asked for")
	w.Facts([][2]string{{"Member", "José Ñandú-Łukasiewicz"}, {"Service", "Imaging, one visit"}, {"Decision", ""}, {"", ""}})
	w.Heading(3, "What you can send")
	w.List([]string{"A letter from your doctor", "", strings.Repeat("Notes of therapy ", 30)})
	w.Mono("sha256:" + digest)
	rows := make([][]string, 70)
	for i := range rows {
		rows[i] = []string{fmt.Sprint(i + 1), "opened the record " + strings.Repeat("and read the note ", i%7)}
	}
	w.Table("Who saw this", []string{"No.", "What"}, rows, nil)
	w.PageBreak()
	w.Heading(1, "Your right to appeal")
	w.Para("You have 65 days.")
}

func letter(t testing.TB) []byte {
	t.Helper()
	w := New(letterDoc())
	writeLetter(w)
	return bytesOf(t, w)
}

func TestSameInputSameBytes(t *testing.T) {
	w := New(letterDoc())
	writeLetter(w)
	first := bytesOf(t, w)
	if !bytes.Equal(first, bytesOf(t, w)) {
		t.Error("a second WriteTo gave other bytes")
	}
	for range 3 {
		if !bytes.Equal(first, letter(t)) {
			t.Fatal("the same calls gave other bytes")
		}
	}
	w.Para("One word more.")
	if bytes.Equal(first, bytesOf(t, w)) {
		t.Error("other content gave the same bytes")
	}
}

func TestReadersFindNoFault(t *testing.T) {
	many := New(Doc{TableSize: 8})
	rows := make([][]string, 10000)
	for i := range rows {
		rows[i] = []string{fmt.Sprint(i), "R-17", "2026-11-23T10:15:00Z", digest}
	}
	many.Table("The record", []string{"No.", "Actor", "Time", "Digest"}, rows, nil)

	tiny := New(Doc{Size: Size{288, 288}, TextSize: 24, Header: strings.Repeat("header ", 200), Footer: strings.Repeat("footer ", 200)})
	writeLetter(tiny)

	odd := New(Doc{Title: "(\\) <é> 😀", Lang: "x)/JS", Author: "a(b\\"})
	for _, s := range hostile() {
		odd.Heading(1, s)
		odd.Para(s)
		odd.Mono(s)
		odd.List([]string{s})
		odd.Facts([][2]string{{s, s}})
		odd.Table(s, []string{s, s}, [][]string{{s}, {s, s, s}}, []float64{1, -1})
	}
	for name, data := range map[string][]byte{
		"letter": letter(t), "empty": bytesOf(t, New(Doc{})), "many rows": bytesOf(t, many),
		"tiny page": bytesOf(t, tiny), "odd text": bytesOf(t, odd),
	} {
		t.Run(name, func(t *testing.T) {
			out := run(t, data, "qpdf", "--check", "FILE")
			if !strings.Contains(out, "No syntax or stream encoding errors found") {
				t.Errorf("qpdf says:\n%s", out)
			}
			run(t, data, "pdftotext", "FILE", "-")
			checkStructure(t, data)
		})
	}
}

// hostile is text that has broken one program or another.
func hostile() []string {
	return []string{
		"", " ", "\n\n", "\x00\x07\x1b[31m", "bad \xff\xfe bytes", "<b>bold</b> & \"quoted\" ]]>", "(unbalanced \\( ( )",
		"endstream endobj %%EOF startxref", "日本語のテキスト", "שלום עולם", "مرحبا بالعالم", "user\u202Etxt.exe\u202C", "😀👩‍👩‍👧 🏳️‍🌈",
		"e\u0301 a\u0300 " + strings.Repeat("\u0301", 200), strings.Repeat("x", 5000), strings.Repeat("漢", 3000),
		"\uFEFFbom \u200Bzero \uFFFE \U0010FFFF \uE000", "\u2028line\u2029para\r\nend", strings.Repeat(" ", 900) + "after spaces",
	}
}

func TestMetadata(t *testing.T) {
	data := letter(t)
	out := run(t, data, "pdfinfo", "FILE")
	for _, want := range []string{
		"Title:           Notice of determination", "Author:          Example Health Plan", "Tagged:          yes",
		"PDF version:     1.7", "Metadata Stream: yes", "JavaScript:      no", "612 x 792 pts (letter)",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("pdfinfo does not say %q:\n%s", want, out)
		}
	}
	xmp := run(t, data, "pdfinfo", "-meta", "FILE")
	for _, want := range []string{"<pdfuaid:part>1</pdfuaid:part>", "<xmp:CreateDate>2026-11-23T10:15:00Z<", "<rdf:li>en-US</rdf:li>"} {
		if !strings.Contains(xmp, want) {
			t.Errorf("the metadata lacks %q:\n%s", want, xmp)
		}
	}
	fonts := run(t, data, "pdffonts", "FILE")
	if got := strings.Count(fonts, "CID TrueType      Identity-H       yes yes yes"); got != 3 {
		t.Errorf("%d of 3 fonts are embedded as subsets with their characters:\n%s", got, fonts)
	}
}

func TestDefaults(t *testing.T) {
	for in, want := range map[string]string{
		"": "en-US", "es": "es", "es_MX": "es-MX", "zh-Hant-TW": "zh-Hant-TW", "e": "en-US", "12": "en-US", "en-": "en-US", "en)/X": "en-US",
	} {
		if got := langTag(in); got != want {
			t.Errorf("langTag(%q) = %q, want %q", in, got, want)
		}
	}
	d := Doc{Size: Size{1, 1e9}, TextSize: 100, TableSize: -4}.settled()
	if d.Size != Letter() || d.TextSize != maxText || d.TableSize != minTable || d.Title != "Untitled" {
		t.Errorf("settled to %+v", d)
	}
	if got := (Doc{}).settled(); got.TextSize != 12 || got.TableSize != 12 {
		t.Errorf("sizes %v and %v, want 12", got.TextSize, got.TableSize)
	}
}

type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriteErrorIsTold(t *testing.T) {
	n, err := New(Doc{}).WriteTo(full{})
	if n != 0 || !errors.Is(err, errFull) {
		t.Errorf("got %d, %v", n, err)
	}
}
