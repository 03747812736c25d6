package mail

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"hsconnect/internal/fault"
)

const (
	sendFrom = "portal@plan.example"
	sendTo   = "anna.planted@office.example"
)

var raw = []byte("Subject: x\r\n\r\nbody\r\n.\r\n..two dots\r\n")

func TestEveryWayIn(t *testing.T) {
	for _, way := range []string{"starttls", "tls", "none"} {
		for _, mech := range []string{"", "PLAIN", "LOGIN"} {
			t.Run(way+" "+mech, func(t *testing.T) {
				var mechs []string
				if mech != "" {
					mechs = []string{mech}
				}
				p := open(t, way, mechs...)
				c := p.config(way)
				if mech != "" {
					c.Username, c.Password = user, password
				}
				err := sender(t, c).Send(ctx, sendFrom, sendTo, raw)
				if err != nil {
					t.Fatalf("%v (%v)", err, errors.Unwrap(err))
				}
				got := p.letters()
				if len(got) != 1 || got[0].from != sendFrom || got[0].to != sendTo || !bytes.Equal(got[0].raw, raw) {
					t.Fatalf("%+v", got)
				}
				if got[0].secure != (way != "none") || got[0].user != c.Username {
					t.Fatalf("secure %v, signed in %q", got[0].secure, got[0].user)
				}
			})
		}
	}
}

func TestAnswersOfTheServer(t *testing.T) {
	says := func(code int, e smtp.EnhancedCode) *smtp.SMTPError {
		return &smtp.SMTPError{Code: code, EnhancedCode: e, Message: "about " + sendTo}
	}
	for _, c := range []struct {
		stage string
		say   *smtp.SMTPError
		kind  fault.Kind
		shown string
	}{
		{"mail", says(451, smtp.EnhancedCode{4, 7, 1}), fault.Unavailable, "(451 4.7.1)"},
		{"rcpt", says(450, smtp.EnhancedCode{4, 2, 0}), fault.Unavailable, "(450 4.2.0)"},
		{"data", says(452, smtp.EnhancedCode{4, 3, 1}), fault.Unavailable, "(452 4.3.1)"},
		{"mail", says(550, smtp.EnhancedCode{5, 7, 1}), fault.Invalid, "(550 5.7.1)"},
		{"rcpt", says(550, smtp.EnhancedCode{5, 1, 1}), fault.Invalid, "(550 5.1.1)"},
		{"rcpt", says(553, smtp.NoEnhancedCode), fault.Invalid, "(553)"},
		{"data", says(554, smtp.EnhancedCode{5, 6, 0}), fault.Invalid, "(554 5.6.0)"},
		{"mail", says(530, smtp.EnhancedCode{5, 7, 0}), fault.Unavailable, "settings"},
		{"auth", says(535, smtp.EnhancedCode{5, 7, 8}), fault.Unavailable, "settings"},
	} {
		t.Run(c.stage+c.shown, func(t *testing.T) {
			p := open(t, "starttls", "PLAIN")
			p.say(c.stage, c.say)
			conf := p.config("starttls")
			conf.Username, conf.Password = user, password
			s := sender(t, conf)
			err := s.Send(ctx, sendFrom, sendTo, raw)
			if fault.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.shown) {
				t.Fatalf("%v: %v", fault.KindOf(err), err)
			}
			tellsNothing(t, err)
			p.say("", nil)
			err = s.Send(ctx, sendFrom, sendTo, raw)
			if err != nil || len(p.letters()) != 1 {
				t.Fatalf("then %v, %d letters", err, len(p.letters()))
			}
		})
	}
}

// tellsNothing looks for the address in everything that may be logged.
func tellsNothing(t *testing.T, err error) {
	t.Helper()
	for e := err; e != nil; e = errors.Unwrap(e) {
		if strings.Contains(e.Error(), "planted") || strings.Contains(e.Error(), password) {
			t.Fatalf("an error tells: %v", e)
		}
	}
}

func TestNoMailWithoutTheAgreedProtection(t *testing.T) {
	good := open(t, "starttls", "PLAIN")
	bare := open(t, "none", "PLAIN")
	other := open(t, "starttls", "PLAIN")
	for name, c := range map[string]SMTPConfig{
		"no STARTTLS there":  bare.config("starttls"),
		"not TLS at once":    good.config("tls"),
		"not to be trusted":  func() SMTPConfig { c := good.config("starttls"); c.Roots = other.roots; return c }(),
		"of another name":    func() SMTPConfig { c := good.config("starttls"); c.Host = "localhost"; return c }(),
		"wrong password":     func() SMTPConfig { c := good.config("starttls"); c.Password = "other"; return c }(),
		"no sign-in offered": func() SMTPConfig { return open(t, "starttls").config("starttls") }(),
	} {
		t.Run(name, func(t *testing.T) {
			c.Username = user
			if c.Password == "" {
				c.Password = password
			}
			c.Timeout = 2 * time.Second
			err := sender(t, c).Send(ctx, sendFrom, sendTo, raw)
			if !fault.Is(err, fault.Unavailable) {
				t.Fatalf("%v", err)
			}
			tellsNothing(t, err)
		})
	}
	for _, p := range []*post{good, bare, other} {
		if n := len(p.letters()); n != 0 {
			t.Errorf("%d letters went out", n)
		}
	}
}

func TestServersThatAreNoServers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1)
	served := make(chan struct{})
	go func() {
		defer close(served)
		for line := range lines {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte(line)) // the other side may be gone
			if line != "" {
				_ = c.Close()
			} else {
				defer func() { _ = c.Close() }()
			}
		}
	}()
	c := SMTPConfig{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, Timeout: 300 * time.Millisecond}
	s := sender(t, c)
	for _, line := range []string{"planted nonsense\r\n", "554 5.3.2 planted: go away\r\n", "421 later\r\n", "220-never ends\r\n", ""} {
		lines <- line
		err = s.Send(ctx, sendFrom, sendTo, raw)
		if !fault.Is(err, fault.Unavailable) {
			t.Fatalf("%q: %v", line, err)
		}
		tellsNothing(t, err)
	}
	close(lines)
	<-served
	err = l.Close()
	if err != nil {
		t.Fatal(err)
	}
	err = s.Send(ctx, sendFrom, sendTo, raw)
	if !fault.Is(err, fault.Unavailable) {
		t.Fatalf("down: %v", err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	err = s.Send(ended, sendFrom, sendTo, raw)
	if !fault.Is(err, fault.Unavailable) {
		t.Fatalf("cancelled: %v", err)
	}
}

func TestSettingsThatCannotWork(t *testing.T) {
	for name, c := range map[string]SMTPConfig{
		"no host":              {},
		"two lines":            {Host: "mail.example.org\r\nRSET"},
		"port":                 {Host: "mail.example.org", Port: 70000},
		"no such way":          {Host: "mail.example.org", TLS: "ssl"},
		"bare over a network":  {Host: "mail.example.org", TLS: "none"},
		"bare to another host": {Host: "10.0.0.1", TLS: "none"},
		"password alone":       {Host: "mail.example.org", Password: "x"},
	} {
		_, err := SMTP(c)
		if !fault.Is(err, fault.Invalid) || len(fault.Problems(err)) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for want, c := range map[string]SMTPConfig{
		"mail.example.org:587": {Host: "mail.example.org"},
		"mail.example.org:465": {Host: "mail.example.org", TLS: "tls"},
		"[::1]:25":             {Host: "::1", Port: 25, TLS: "none"},
	} {
		if got := sender(t, c).(*smtpSender).addr; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
