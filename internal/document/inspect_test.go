package document

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"hsconnect/internal/fault"
)

func TestAFileIsWhatItsBytesSay(t *testing.T) {
	for _, s := range samples() {
		for _, piece := range []int{len(s.bytes) + 1, 4096, 7} {
			if piece == 7 && len(s.bytes) > 1<<20 {
				continue
			}
			got, err := inspect(s.name, s.bytes, piece)
			if s.refused != "" {
				problems := fault.Problems(err)
				if len(problems) != 1 || problems[0].Path != "documents" || !strings.Contains(problems[0].Text, s.refused) {
					t.Errorf("%s in pieces of %d: want a refusal with %q, got %v", s.what, piece, s.refused, err)
				}
				continue
			}
			if err != nil || got.name != s.found || got.pages != s.pages || got.locked != s.locked {
				t.Errorf("%s in pieces of %d: %s with %d pages, locked %v (%v)", s.what, piece, got.name, got.pages, got.locked, err)
			}
		}
	}
}

// How a file is cut on its way makes no difference.
func TestPiecesDoNotMatter(t *testing.T) {
	all := samples()
	rapid.Check(t, func(t *rapid.T) {
		s := all[rapid.IntRange(0, len(all)-1).Draw(t, "file")]
		if len(s.bytes) > 1<<20 {
			return
		}
		piece := rapid.IntRange(1, 200).Draw(t, "piece")
		whole, err := inspect(s.name, s.bytes, len(s.bytes)+1)
		cut, errCut := inspect(s.name, s.bytes, piece)
		if whole.name != cut.name || whole.pages != cut.pages || whole.locked != cut.locked || (err == nil) != (errCut == nil) {
			t.Fatalf("%s: %v %v %v, in pieces %v %v %v", s.what, whole.pages, whole.locked, err, cut.pages, cut.locked, errCut)
		}
	})
}

// The inspector keeps little of a large file.
func TestInspectingTakesLittleRoom(t *testing.T) {
	look := &inspector{}
	_, err := look.Write(pdfFile(1, ""))
	if err != nil {
		t.Fatal(err)
	}
	chunk := bytes.Repeat([]byte("/Type /Page s"), 5000)
	for range 300 {
		_, err = look.Write(chunk)
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := cap(look.head) + cap(look.tail) + cap(look.pdf.carry) + cap(look.pdf.begin); n > 2<<20 {
		t.Fatalf("keeps %d bytes", n)
	}
}

func FuzzInspect(f *testing.F) {
	for _, s := range samples() {
		if len(s.bytes) < 1<<16 {
			f.Add(s.name, s.bytes, 9)
		}
	}
	f.Fuzz(func(t *testing.T, name string, file []byte, piece int) {
		got, err := inspect(name, file, len(file)+1)
		cut, errCut := inspect(name, file, max(piece, 1))
		if (err == nil) != (errCut == nil) || got.media != cut.media || got.pages != cut.pages || got.locked != cut.locked {
			t.Fatalf("pieces matter: %v %v", err, errCut)
		}
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("refused without a text: %v", err)
			}
			return
		}
		kind, ok := byMagic(file)
		if !ok || kind.media != got.media || got.pages < 0 || got.pages > maxPages {
			t.Fatalf("taken as %s with %d pages", got.media, got.pages)
		}
	})
}

func TestNamesCanHarmNobody(t *testing.T) {
	long := strings.Repeat("ä", 300)
	for name, want := range map[string]string{
		"report.pdf":                      "report.pdf",
		"Report.PDF":                      "Report.pdf",
		"":                                "document.pdf",
		".":                               "document.pdf",
		"..":                              "document.pdf",
		".pdf":                            "document.pdf",
		"   .pdf":                         "document.pdf",
		"../../etc/passwd":                "passwd.pdf",
		`C:\Users\kim\Desktop\note.pdf`:   "note.pdf",
		"CON":                             "document.pdf",
		"con.pdf":                         "document.pdf",
		"nul.tar.pdf":                     "document.pdf",
		"LPT9.pdf":                        "document.pdf",
		"com\u00b9.pdf":                   "document.pdf",
		"command.pdf":                     "command.pdf",
		"com10.pdf":                       "com10.pdf",
		"a\"b'c.pdf":                      "a_b_c.pdf",
		"a\r\nSet-Cookie: x=1.pdf":        "a Set-Cookie_ x=1.pdf",
		"a\x00b\x1b[31m.pdf":              "ab[31m.pdf",
		"invoice\u202efdp.exe":            "invoicefdp.exe.pdf",
		"<img src=x onerror=alert(1)>":    "_img src=x onerror=alert(1)_.pdf",
		"$(rm -rf ~);`id`|x&.pdf":         "_(rm -rf ~)__id__x_.pdf",
		"-rf.pdf":                         "rf.pdf",
		"~root.pdf":                       "root.pdf",
		"Dr. Adebayo 11.24.2026":          "Dr. Adebayo 11.24.2026.pdf",
		"notes.final.v2.pdf":              "notes.final.v2.pdf",
		"a.exe":                           "a.exe.pdf",
		"Cafe\u0301.pdf":                  "Café.pdf",
		"تقرير القلب.pdf":                 "تقرير القلب.pdf",
		"心電図.pdf":                         "心電図.pdf",
		"bad\xff\xfebytes.pdf":            "badbytes.pdf",
		"a\u2028b\u00a0c.pdf":             "a b c.pdf",
		"tab\there.pdf":                   "tab here.pdf",
		long + ".pdf":                     strings.Repeat("ä", 116) + ".pdf",
		strings.Repeat("心", 200) + ".pdf": strings.Repeat("心", 78) + ".pdf",
		strings.Repeat("a", 115) + " - b": strings.Repeat("a", 115) + ".pdf",
	} {
		if got := CleanName(name, "application/pdf"); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	for media, want := range map[string]string{"image/jpeg": "x.jpeg", "image/tiff": "x.jpeg.tif", "": "x.jpeg.bin", "text/html": "x.jpeg.bin"} {
		if got := CleanName("x.JPEG", media); strings.ToLower(got) != want {
			t.Errorf("as %q: %q, want %q", media, got, want)
		}
	}
}

func FuzzCleanName(f *testing.F) {
	for _, s := range []string{"a.pdf", "../x", "CON", "a\r\nb\".pdf", "\u202egpj.exe", strings.Repeat("é", 400), "\xff.tif", " . ", "e\u0301.jpg", "COM1 .x", "a.\u0301pdf"} {
		f.Add(s, "application/pdf")
		f.Add(s, "image/jpeg")
		f.Add(s, "")
	}
	f.Fuzz(func(t *testing.T, name, media string) {
		got := CleanName(name, media)
		if CleanName(got, media) != got {
			t.Fatalf("%q cleans to %q, and that to %q", name, got, CleanName(got, media))
		}
		if !utf8.ValidString(got) || !norm.NFC.IsNormalString(got) || utf8.RuneCountInString(got) > longestName || len(got) > longestBytes {
			t.Fatalf("%q: %q is malformed or too long", name, got)
		}
		if strings.ContainsAny(got, "/\\<>:\"|?*;%$&'`\r\n\x00") || strings.HasPrefix(got, ".") || strings.HasPrefix(got, "-") || reserved(got) {
			t.Fatalf("%q: %q can do harm", name, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || (unicode.IsSpace(r) && r != ' ') {
				t.Fatalf("%q: %q hides %U", name, got, r)
			}
		}
		base, ext, ok := strings.Cut(got, ".")
		if !ok || base == "" || ext == "" {
			t.Fatalf("%q: %q has no name or no extension", name, got)
		}
	})
}
