package mail

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

var ctx = context.Background()

const (
	user     = "portal"
	password = "long-enough-4711"
)

// letter is what the server took.
type letter struct {
	from, to string
	raw      []byte
	secure   bool
	user     string
}

// post is a real mail server inside the test.
type post struct {
	port  int
	roots *x509.CertPool

	mu       sync.Mutex
	took     []letter
	mechs    []string // none: no sign-in
	answer   map[string]*smtp.SMTPError
	sessions int
}

func (p *post) NewSession(c *smtp.Conn) (smtp.Session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sessions++
	return &visit{post: p, conn: c}, nil
}

// say makes the server answer a stage ("auth", "mail", "rcpt", "data").
func (p *post) say(stage string, e *smtp.SMTPError) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = map[string]*smtp.SMTPError{stage: e}
}

func (p *post) at(stage string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.answer[stage]; e != nil {
		return e
	}
	return nil
}

func (p *post) letters() []letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.took
}

type visit struct {
	*post
	conn *smtp.Conn
	letter
}

func (v *visit) AuthMechanisms() []string { return v.mechs }

func (v *visit) Auth(mech string) (sasl.Server, error) {
	check := func(name, pass string) error {
		if name != user || pass != password {
			return errors.New("wrong")
		}
		v.user = name
		return v.at("auth")
	}
	if mech == sasl.Login {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, name, pass string) error { return check(name, pass) }), nil
}

// loginServer is the server's half of LOGIN: it asks for one thing after the other.
type loginServer struct {
	check func(name, pass string) error
	said  []string
	asked int
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if l.asked > 0 {
		l.said = append(l.said, string(response))
	}
	l.asked++
	switch l.asked {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.said[0], l.said[1])
}

func (v *visit) Mail(from string, _ *smtp.MailOptions) error {
	if len(v.mechs) > 0 && v.user == "" {
		return smtp.ErrAuthRequired
	}
	v.from = from
	return v.at("mail")
}

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.to = to
	return v.at("rcpt")
}

func (v *visit) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	err = v.at("data")
	if err != nil {
		return err
	}
	_, v.secure = v.conn.TLSConnectionState()
	v.raw = raw
	v.mu.Lock()
	defer v.mu.Unlock()
	v.took = append(v.took, v.letter)
	return nil
}

func (v *visit) Reset()        {}
func (v *visit) Logout() error { return nil }

// open starts a server; way is that of SMTPConfig.TLS.
func open(t *testing.T, way string, mechs ...string) *post {
	t.Helper()
	cert, roots := selfSigned(t)
	p := &post{roots: roots, mechs: mechs}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.port = l.Addr().(*net.TCPAddr).Port
	s := smtp.NewServer(p)
	s.Domain = "mail.example.org"
	s.ErrorLog = quiet{}
	s.ReadTimeout, s.WriteTimeout = 10*time.Second, 10*time.Second
	s.AllowInsecureAuth = way == "none"
	config := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	switch way {
	case "starttls":
		s.TLSConfig = config
	case "tls":
		l = tls.NewListener(l, config)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Close() // its error is that of Serve
		<-served
	})
	return p
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func (p *post) config(way string) SMTPConfig {
	return SMTPConfig{Host: "127.0.0.1", Port: p.port, TLS: way, Roots: p.roots, Timeout: 10 * time.Second}
}

func sender(t *testing.T, c SMTPConfig) Sender {
	t.Helper()
	s, err := SMTP(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.example.org"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
