package mail

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/id"
	"hsconnect/internal/job"
)

func rendered(t *testing.T, m Message) (raw []byte, j job.Job) {
	t.Helper()
	s, err := New(Deps{Send: folder("x"), From: "portal@plan.example", Plan: `Gesundheit "Köln" & Söhne, Inc.`, Foot: []string{"Help desk: 800 555 0100"}})
	if err != nil {
		t.Fatal(err)
	}
	j = job.Job{ID: id.New[id.Job](dbtest.Start), At: dbtest.Start}
	raw, err = s.render(j, m)
	if err != nil {
		t.Fatal(err)
	}
	j.Tries = 7
	again, err := s.render(j, m)
	if err != nil || !bytes.Equal(raw, again) {
		t.Fatalf("a second try differs (%v)", err)
	}
	return raw, j
}

// parts reads the message as a mail program does.
func parts(t *testing.T, raw []byte) (h netmail.Header, bodies map[string]string) {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	bodies = map[string]string{}
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m.Header, bodies
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Header.Get("Content-Transfer-Encoding"); got != "quoted-printable" {
			t.Fatalf("encoded as %q", got)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		kind, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil || !strings.EqualFold(params["charset"], "utf-8") {
			t.Fatalf("%v, %v", params, err)
		}
		bodies[kind] = string(body)
	}
}

func TestTheMessageAsAMailProgramReadsIt(t *testing.T) {
	m := sample()
	raw, j := rendered(t, m)
	for line := range strings.SplitSeq(string(raw), "\r\n") {
		if len(line) > 78 || strings.ContainsAny(line, "\r\n") || strings.ContainsFunc(line, func(r rune) bool { return r > 126 }) {
			t.Errorf("line of %d bytes: %q", len(line), line)
		}
	}
	h, bodies := parts(t, raw)
	subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	if err != nil || subject != m.Subject {
		t.Errorf("subject %q, %v", subject, err)
	}
	from, err := h.AddressList("From")
	if err != nil || len(from) != 1 || from[0].Name != `Gesundheit "Köln" & Söhne, Inc.` || from[0].Address != "portal@plan.example" {
		t.Errorf("from %v, %v", from, err)
	}
	whom, err := h.AddressList("To")
	if err != nil || len(whom) != 1 || whom[0].Address != m.Address || whom[0].Name != "" {
		t.Errorf("to %v, %v", whom, err)
	}
	at, err := h.Date()
	if err != nil || !at.Equal(dbtest.Start.Truncate(time.Second)) {
		t.Errorf("date %v, %v", at, err)
	}
	for name, want := range map[string]string{"Message-Id": "<" + string(j.ID) + "@plan.example>", "Auto-Submitted": "auto-generated", "Bcc": "", "Cc": "", "User-Agent": "", "X-Mailer": ""} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	plain := bodies["text/plain"]
	for _, want := range append(m.Text, m.LinkText+":\r\n"+m.Link+"\r\n", "-- \r\nGesundheit \"Köln\" & Söhne, Inc.\r\nHelp desk: 800 555 0100\r\n") {
		if !strings.Contains(plain, want) {
			t.Errorf("the plain text lacks %q:\n%s", want, plain)
		}
	}
	page := bodies["text/html"]
	if !strings.Contains(page, "&lt;b&gt;Zoë&lt;/b&gt; &amp; Söhne!") || strings.Contains(page, "<b>") {
		t.Errorf("the page is not escaped:\n%s", page)
	}
	if got := hrefs(t, page); len(got) != 1 || got[0] != m.Link {
		t.Errorf("links %q", got)
	}
	for _, outside := range []string{"<img", "<script", "<link", "src=", "url("} {
		if strings.Contains(page, outside) {
			t.Errorf("the page fetches with %s", outside)
		}
	}
}

func hrefs(t *testing.T, page string) (got []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			if n.Data == "a" && a.Key == "href" {
				got = append(got, a.Val)
			}
		}
	}
	return got
}

func TestAMessageWithoutALink(t *testing.T) {
	m := sample()
	m.Link, m.LinkText = "", ""
	raw, _ := rendered(t, m)
	_, bodies := parts(t, raw)
	if strings.Contains(bodies["text/plain"], "://") || len(hrefs(t, bodies["text/html"])) != 0 {
		t.Fatalf("%q", bodies)
	}
}

// Whatever is typed, a message that the checks pass has the headers we gave it
// and one recipient.
func FuzzHeaders(f *testing.F) {
	f.Add("Hello", "anna@x.example", "text")
	f.Add("=?utf-8?q?=0D=0ABcc:_x?=", "a@b", "--part\r\n")
	f.Add("é\r\nBcc: x@x.example", "anna@x.example>,<otto@x.example", ".")
	f.Fuzz(func(t *testing.T, subject, address, text string) {
		m := Message{Address: address, Kind: "k", Subject: subject, Text: []string{text}}
		if len(m.problems()) > 0 {
			return
		}
		raw, _ := rendered(t, m)
		h, bodies := parts(t, raw)
		whom, err := h.AddressList("To")
		if err != nil || len(whom) != 1 || whom[0].Address != address || len(h) != 8 || len(bodies) != 2 {
			t.Fatalf("%v, %v, %v", h, len(bodies), err)
		}
		if !strings.HasPrefix(bodies["text/plain"], text+"\r\n") {
			t.Fatalf("%q", bodies["text/plain"])
		}
	})
}
