package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"hsconnect/internal/fault"
)

// SMTPConfig says how to reach the mail server.
type SMTPConfig struct {
	Host     string
	Port     int    // 0: 587, or 465 with TLS "tls"
	Username string // "" signs in nowhere
	Password string
	TLS      string         // "starttls" (also ""), "tls", or "none" for a server on this machine only
	Roots    *x509.CertPool // who may vouch for the server; nil: whom the system trusts
	Timeout  time.Duration  // for one message; 0: a minute
}

type smtpSender struct {
	c    SMTPConfig
	addr string
}

// SMTP gives a sender that speaks with a mail server, over one connection for
// each message. It answers Invalid for settings that cannot work or that would
// send links unencrypted over a network.
func SMTP(c SMTPConfig) (Sender, error) {
	if c.TLS == "" {
		c.TLS = "starttls"
	}
	if c.Port == 0 {
		c.Port = 587
		if c.TLS == "tls" {
			c.Port = 465
		}
	}
	if c.Timeout <= 0 {
		c.Timeout = time.Minute
	}
	switch {
	case c.Host == "" || strings.ContainsAny(c.Host, " \r\n\t/"):
		return nil, setting("host", "Give the name or address of the mail server")
	case c.Port < 1 || c.Port > 65535:
		return nil, setting("port", "Give a port from 1 to 65535, usually 587")
	case c.TLS != "starttls" && c.TLS != "tls" && c.TLS != "none":
		return nil, setting("tls", `Write "starttls", "tls" or "none"`)
	case c.TLS == "none" && !loopback(c.Host):
		return nil, setting("tls", `"none" is only for a mail server on this machine: write "starttls" or "tls"`)
	case c.Username == "" && c.Password != "":
		return nil, setting("username", "Give the username that belongs to the password")
	}
	return &smtpSender{c: c, addr: net.JoinHostPort(c.Host, strconv.Itoa(c.Port))}, nil
}

func setting(path, text string) error { return fault.Bad(fault.Problem{Path: path, Text: text}) }

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// Send delivers raw to the server. It is done when the server has taken it.
func (s *smtpSender) Send(ctx context.Context, from, to string, raw []byte) error {
	ctx, cancel := context.WithTimeout(ctx, s.c.Timeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.addr)
	if err != nil {
		return notReady(err)
	}
	stop := context.AfterFunc(ctx, func() {
		_ = conn.Close() // ends whatever waits for the server
	})
	defer func() {
		stop()
		_ = conn.Close() // the answer that counts has been read
	}()
	client, err := s.open(ctx, conn)
	if err != nil {
		return notReady(err)
	}
	err = deliver(client, from, to, raw)
	if err != nil {
		return refused(err)
	}
	_ = client.Quit() // it has the message, however it says goodbye
	return nil
}

func (s *smtpSender) open(ctx context.Context, conn net.Conn) (*smtp.Client, error) {
	config := &tls.Config{ServerName: s.c.Host, RootCAs: s.c.Roots, MinVersion: tls.VersionTLS12}
	if s.c.TLS == "tls" {
		wrapped := tls.Client(conn, config)
		err := wrapped.HandshakeContext(ctx)
		if err != nil {
			return nil, err
		}
		conn = wrapped
	}
	client, err := smtp.NewClient(conn, s.c.Host)
	if err != nil {
		return nil, err
	}
	if s.c.TLS == "starttls" {
		there, _ := client.Extension("STARTTLS")
		if !there {
			return nil, errNoTLS
		}
		err = client.StartTLS(config)
		if err != nil {
			return nil, err
		}
	}
	return client, s.signIn(client)
}

var (
	errNoTLS  = errors.New("mail: the server does not offer STARTTLS")
	errNoAuth = errors.New("mail: the server offers no sign-in by PLAIN or LOGIN")
)

func (s *smtpSender) signIn(client *smtp.Client) error {
	if s.c.Username == "" {
		return nil
	}
	_, offered := client.Extension("AUTH")
	bare := s.c.TLS == "none"
	for way := range strings.FieldsSeq(strings.ToUpper(offered)) {
		switch way {
		case "PLAIN":
			return client.Auth(smtp.PlainAuth("", s.c.Username, s.c.Password, s.c.Host, bare))
		case "LOGIN":
			return client.Auth(smtp.LoginAuth(s.c.Username, s.c.Password, s.c.Host, bare))
		}
	}
	return errNoAuth
}

func deliver(client *smtp.Client, from, to string, raw []byte) error {
	client.SkipSMTPUTF8(true)
	err := client.Mail("<" + from + ">")
	if err != nil {
		return err
	}
	err = client.Rcpt("<" + to + ">")
	if err != nil {
		return err
	}
	w, err := client.Data()
	if err != nil {
		return err
	}
	_, err = w.Write(raw)
	if err != nil {
		return err
	}
	return w.Close()
}

// enhanced is the status code of RFC 3463 that may start an answer's text.
var enhanced = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

// codes gives the numbers of a server's answer. Its words stay out: they may
// repeat the address.
func codes(err error) (int, string) {
	var reply *textproto.Error
	if !errors.As(err, &reply) {
		return 0, ""
	}
	text := strconv.Itoa(reply.Code)
	if e := enhanced.FindString(reply.Msg); e != "" {
		text += " " + e
	}
	return reply.Code, " (" + text + ")"
}

// notReady is what goes wrong before a message is offered: the operator's to
// mend, whatever the code, so that the message waits.
func notReady(err error) error {
	code, text := codes(err)
	if code != 0 {
		return fault.New(fault.Unavailable, "The mail server does not let us in"+text+". Check the mail settings")
	}
	return away(err)
}

// refused is what goes wrong with the message itself.
func refused(err error) error {
	code, text := codes(err)
	switch {
	case code == 0:
		return away(err)
	case code == 530 || code == 535 || code == 538: // RFC 4954: sign in first, or otherwise
		return notReady(err)
	case code >= 500:
		return fault.New(fault.Invalid, "The mail server refused the message for good"+text+". Check the address")
	}
	return fault.New(fault.Unavailable, "The mail server asks to try again later"+text)
}

func away(err error) error {
	const text = "The mail server cannot be reached, or broke off"
	var garbled textproto.ProtocolError // quotes what the server said
	if errors.As(err, &garbled) {
		return fault.New(fault.Unavailable, text)
	}
	return fault.Wrap(fault.Unavailable, err, text)
}
