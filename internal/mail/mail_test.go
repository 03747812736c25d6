package mail

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/job"
)

const link = "https://portal.example.org/invite?t=planted-secret&x=1+2"

func sample() Message {
	return Message{
		Person: id.New[id.Person](dbtest.Start), Address: "anna.planted@Office.Example", Kind: "invitation",
		Subject: "Einladung für Zoë Müller – مرحبا 🎉", Text: []string{"Guten Tag, <b>Zoë</b> & Söhne!", "مرحبا بالعالم", strings.Repeat("very long ", 300)},
		Link: link, LinkText: "Set your password", By: "otto",
	}
}

type bench struct {
	d   *db.DB
	clk *dbtest.Clock
	log bytes.Buffer
	run *job.Runner
}

func benches(t *testing.T, with func(t *testing.T) Sender, fn func(t *testing.T, b *bench)) {
	t.Helper()
	clk := dbtest.NewClock()
	dbtest.EachAt(t, clk.Now, func(t *testing.T, d *db.DB) {
		clk.Set(dbtest.Start)
		b := &bench{d: d, clk: clk}
		log := slog.New(slog.NewTextHandler(&b.log, nil))
		s, err := New(Deps{DB: d, Log: log, Send: with(t), From: "portal@plan.example", Plan: "Gesundheit Köln & Söhne", Foot: []string{"Help desk: 800 555 0100", "Monday to Friday"}})
		if err != nil {
			t.Fatal(err)
		}
		b.run = job.New(job.Deps{DB: d, Log: log})
		b.run.Handle(Job, s.Handle)
		fn(t, b)
		for _, secret := range []string{"planted", "office.example", "Office.Example", "Zoë"} {
			if strings.Contains(b.log.String(), secret) {
				t.Errorf("the log shows %q: %s", secret, b.log.String())
			}
		}
	})
}

func (b *bench) queue(t *testing.T, m Message) {
	t.Helper()
	err := b.d.Update(ctx, func(tx *db.Tx) error { return Queue(tx, m) })
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) work(t *testing.T, want int) {
	t.Helper()
	n, err := b.run.RunDue(ctx)
	if err != nil || n != want {
		t.Fatalf("%d jobs ran, want %d (%v)\n%s", n, want, err, b.log.String())
	}
}

func (b *bench) left(t *testing.T, waiting, dead int64) {
	t.Helper()
	c, err := job.Count(ctx, b.d)
	if err != nil || c.Waiting != waiting || c.Dead != dead || c.Running != 0 {
		t.Fatalf("%+v, %v", c, err)
	}
}

type traced struct{ job, person, kind, domain, outcome string }

func (b *bench) traces(t *testing.T) (got []traced) {
	t.Helper()
	err := b.d.View(ctx, func(tx *db.Tx) (err error) {
		got, err = db.Collect(func(rows *sql.Rows) (v traced, err error) {
			return v, rows.Scan(&v.job, &v.person, &v.kind, &v.domain, &v.outcome)
		})(tx.Rows("select job, person, kind, domain, outcome from mail_sent order by id"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestLaterThenTaken(t *testing.T) {
	var p *post
	benches(t, func(t *testing.T) Sender {
		p = open(t, "starttls", "PLAIN")
		c := p.config("starttls")
		c.Username, c.Password = user, password
		return sender(t, c)
	}, func(t *testing.T, b *bench) {
		m := sample()
		b.queue(t, m)
		p.say("rcpt", &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "greylisted: anna.planted@office.example"})
		b.work(t, 1)
		b.left(t, 1, 0)
		if got := b.traces(t); len(got) != 0 || len(p.letters()) != 0 {
			t.Fatalf("%+v", got)
		}
		p.say("", nil)
		b.clk.Advance(time.Minute)
		b.work(t, 1)
		b.left(t, 0, 0)
		got := b.traces(t)
		if len(got) != 1 || got[0].person != string(m.Person) || got[0].kind != "invitation" || got[0].domain != "office.example" || got[0].outcome != Sent {
			t.Fatalf("%+v", got)
		}
		letters := p.letters()
		if len(letters) != 1 || letters[0].to != m.Address || letters[0].from != "portal@plan.example" || !letters[0].secure {
			t.Fatalf("%+v", letters)
		}
		if !strings.Contains(b.log.String(), got[0].job) || !strings.Contains(b.log.String(), "invitation") {
			t.Fatalf("the log lacks job and kind: %s", b.log.String())
		}
	})
}

func TestRefusedForGood(t *testing.T) {
	var p *post
	benches(t, func(t *testing.T) Sender {
		p = open(t, "none")
		return sender(t, p.config("none"))
	}, func(t *testing.T, b *bench) {
		p.say("rcpt", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no anna.planted@office.example here"})
		b.queue(t, sample())
		b.work(t, 1)
		b.left(t, 0, 1)
		dead, err := b.run.Dead(ctx)
		if err != nil || len(dead) != 1 || dead[0].Tries != 1 || dead[0].By != "otto" ||
			dead[0].Reason != "invalid: The mail server refused the message for good (550 5.1.1). Check the address" {
			t.Fatalf("%+v, %v", dead, err)
		}
		p.say("", nil)
		err = b.run.Requeue(ctx, "otto", dead[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		b.work(t, 1)
		b.left(t, 0, 0)
		got := b.traces(t)
		if len(got) != 2 || got[0].outcome == got[1].outcome || got[0].job != got[1].job {
			t.Fatalf("%+v", got)
		}
		for _, change := range []string{"update mail_sent set outcome = 'sent'", "delete from mail_sent"} {
			err = b.d.Update(ctx, func(tx *db.Tx) error { _, err := tx.Exec(change); return err })
			if err == nil {
				t.Errorf("%s went through", change)
			}
		}
	})
}

func TestServerDownForADay(t *testing.T) {
	benches(t, func(t *testing.T) Sender {
		return sender(t, SMTPConfig{Host: "127.0.0.1", Port: 1, TLS: "none", Timeout: time.Second})
	}, func(t *testing.T, b *bench) {
		b.queue(t, sample())
		for try := 1; try < tries; try++ {
			b.work(t, 1)
			b.left(t, 1, 0)
			b.clk.Advance(2 * time.Hour)
		}
		b.work(t, 1)
		b.left(t, 0, 1)
		got := b.traces(t)
		if len(got) != 1 || got[0].outcome != GivenUp {
			t.Fatalf("%+v", got)
		}
	})
}

func TestNothingLeavesOfAnUndoneTransaction(t *testing.T) {
	dir := ""
	benches(t, func(t *testing.T) Sender { dir = t.TempDir(); return folderAt(t, dir) }, func(t *testing.T, b *bench) {
		stop := errors.New("undo")
		err := b.d.Update(ctx, func(tx *db.Tx) error {
			err := Queue(tx, sample())
			if err != nil {
				return err
			}
			return stop
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		b.work(t, 0)
		if n := len(emls(t, dir)); n != 0 {
			t.Fatalf("%d files", n)
		}
	})
}

func folderAt(t *testing.T, dir string) Sender {
	t.Helper()
	s, err := Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func emls(t *testing.T, dir string) []os.DirEntry {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestFolderHoldsOneFileForEachMessage(t *testing.T) {
	dir := ""
	benches(t, func(t *testing.T) Sender {
		dir = filepath.Join(t.TempDir(), "new", "mail")
		return folderAt(t, dir)
	}, func(t *testing.T, b *bench) {
		b.queue(t, sample())
		b.queue(t, sample())
		b.work(t, 2)
		files := emls(t, dir)
		if len(files) != 2 {
			t.Fatalf("%v", files)
		}
		for _, f := range files {
			info, err := f.Info()
			if err != nil || info.Mode().Perm() != 0o600 || !strings.HasSuffix(f.Name(), ".eml") {
				t.Fatalf("%v, %v", info, err)
			}
		}
		first, err := os.ReadFile(filepath.Join(dir, files[0].Name()))
		if err != nil {
			t.Fatal(err)
		}
		err = folderAt(t, dir).Send(ctx, "", "", first) // the same again
		if err != nil || len(emls(t, dir)) != 2 {
			t.Fatalf("%v, %v", err, emls(t, dir))
		}
		err = folderAt(t, dir).Send(ctx, "", "", []byte("Message-ID: <../../etc@x>\r\n\r\n"))
		if err != nil || len(emls(t, dir)) != 3 {
			t.Fatalf("%v, %v", err, emls(t, dir))
		}
		err = os.RemoveAll(dir)
		if err != nil {
			t.Fatal(err)
		}
		b.queue(t, sample())
		b.work(t, 1)
		b.left(t, 1, 0) // it waits for the folder
	})
	_, err := Folder("")
	if !fault.Is(err, fault.Invalid) {
		t.Fatal(err)
	}
}

func TestWhatQueueRefuses(t *testing.T) {
	d := dbtest.SQLite(t, dbtest.NewClock().Now)
	for path, change := range map[string][]func(m *Message){
		"address": {
			to(""), to("anna"), to("anna@"), to("@x.example"), to("Anna <anna@x.example>"), to("anna@x.example, otto@x.example"),
			to("anna@x.example\r\nBcc: all@x.example"), to("anna@x.example\n"), to("an na@x.example"), to("anna@x..example"), to("anna@-x.example"),
			to(`"a b"@x.example`), to("anna@[127.0.0.1]"), to("zoë@x.example"), to("anna..b@x.example"), to(".anna@x.example"), to("a@b@x.example"),
			to(strings.Repeat("a", 65) + "@x.example"), to("a@" + strings.Repeat("b.", 130) + "example"), to("anna@x.example> SIZE=1"),
		},
		"kind":     {func(m *Message) { m.Kind = "" }, func(m *Message) { m.Kind = "a\nb" }, func(m *Message) { m.Kind = "anna@x" }},
		"subject":  {func(m *Message) { m.Subject = " " }, func(m *Message) { m.Subject = "Hello\r\nBcc: all@x.example" }, func(m *Message) { m.Subject = strings.Repeat("ä", 201) }, func(m *Message) { m.Subject = "a\x00" }, func(m *Message) { m.Subject = "a\xff" }},
		"person":   {func(m *Message) { m.Person = "a\nb" }, func(m *Message) { m.By = "a\nb" }},
		"text[1]":  {func(m *Message) { m.Text = []string{"a", "b\r\nc"} }, func(m *Message) { m.Text = []string{"a", "\u202egpj"} }},
		"text":     {func(m *Message) { m.Text = nil }, func(m *Message) { m.Text = []string{strings.Repeat("x", maxText+1)} }},
		"linkText": {func(m *Message) { m.LinkText = "" }, func(m *Message) { m.LinkText = "a\nb" }},
		"link": {
			func(m *Message) { m.Link = "" }, func(m *Message) { m.Link = "javascript:alert(1)" }, func(m *Message) { m.Link = "//x.example/" }, func(m *Message) { m.Link = "/invite" },
			func(m *Message) { m.Link = "https://a:b@x.example/" }, func(m *Message) { m.Link = "https://x.example/\r\n" }, func(m *Message) { m.Link = `https://x.example/"><b>` },
			func(m *Message) { m.Link = "https://x.example/" + strings.Repeat("a", maxLink) },
		},
	} {
		for i, c := range change {
			m := sample()
			c(&m)
			err := d.Update(ctx, func(tx *db.Tx) error { return Queue(tx, m) })
			found := fault.Problems(err)
			if !fault.Is(err, fault.Invalid) || len(found) != 1 || found[0].Path != path {
				t.Errorf("%s %d: %v", path, i, err)
			}
			if err != nil && strings.Contains(err.Error(), "planted") {
				t.Errorf("%s %d: the error quotes: %v", path, i, err)
			}
		}
	}
	c, err := job.Count(ctx, d)
	if err != nil || c.Waiting != 0 {
		t.Fatalf("%+v, %v", c, err)
	}
}

func to(address string) func(m *Message) { return func(m *Message) { m.Address = address } }

func TestABrokenJobIsGivenUp(t *testing.T) {
	dir := ""
	benches(t, func(t *testing.T) Sender { dir = t.TempDir(); return folderAt(t, dir) }, func(t *testing.T, b *bench) {
		hostile := sample()
		hostile.Subject = "Hello\r\nBcc: planted@x.example"
		for _, payload := range []any{json.RawMessage(`{"Text":"planted"}`), hostile} {
			err := b.d.Update(ctx, func(tx *db.Tx) error {
				_, err := job.Enqueue(tx, Job, payload, job.Options{})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		b.work(t, 2)
		b.left(t, 0, 2)
		if n := len(emls(t, dir)); n != 0 {
			t.Fatalf("%d files", n)
		}
	})
}

func TestSettingsOfTheService(t *testing.T) {
	good := Deps{Send: folder("x"), From: "portal@plan.example", Plan: "Plan"}
	for path, change := range map[string]func(d *Deps){
		"from": func(d *Deps) { d.From = "Plan <portal@plan.example>" },
		"plan": func(d *Deps) { d.Plan = "Plan\r\nBcc: x@x.example" },
		"foot": func(d *Deps) { d.Foot = []string{"a\nb", "c\nd"} },
		"send": func(d *Deps) { d.Send = nil },
	} {
		d := good
		change(&d)
		_, err := New(d)
		found := fault.Problems(err)
		if len(found) != 1 || found[0].Path != path {
			t.Errorf("%s: %v", path, err)
		}
	}
	_, err := New(good)
	if err != nil {
		t.Fatal(err)
	}
}
