package app

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"hsconnect/internal/copies"
	"hsconnect/internal/mail"
)

// Config is everything an operator can set. A file gives it as TOML; flags of
// the same names go before the file. Secrets are never in it: only the paths
// of files that hold them.
type Config struct {
	// Data is the folder of the embedded database, the documents and the keys.
	Data string `toml:"data"`
	// Database is the postgres:// URL of the database, or the path of a file
	// that holds it, as "file:/path". Empty: the embedded one in Data.
	Database string `toml:"database"`
	// Listen is the address pages are served on.
	Listen string `toml:"listen"`
	// TLSCertificate and TLSKey are the paths of PEM files.
	TLSCertificate string `toml:"tls_certificate"`
	TLSKey         string `toml:"tls_key"`
	// Site is the address that people type, such as
	// "https://portal.example.org": links in mails lead there, and passkeys are
	// bound to it. Empty: http://localhost with the port of Listen.
	Site string `toml:"site"`
	// Blocklist is the path of a file of passwords that nobody may choose, one
	// a line, such as a list of breached ones.
	Blocklist string `toml:"blocklist"`
	// BehindProxy says that a proxy on the way ends TLS, so that plain HTTP
	// may be served on an address other than loopback.
	BehindProxy bool `toml:"behind_proxy"`

	Plan   PlanConfig   `toml:"plan"`
	Mail   MailConfig   `toml:"mail"`
	Import ImportConfig `toml:"import"`
	Print  PrintConfig  `toml:"print"`
}

// ImportConfig says when a file waits for a second person.
type ImportConfig struct {
	// HoldShare is the share of the members with medical coverage, as a
	// fraction: a file that ends the coverage of so many, or more, is held.
	HoldShare float64 `toml:"hold_share"`
}

// PrintConfig says how the clause on copies is kept (clause 3 of the
// agreement).
type PrintConfig struct {
	// Second says what becomes of a second copy of the same thing: "reason"
	// gives it for a reason, "refuse" does not.
	Second copies.Policy `toml:"second"`
}

// MailConfig says how the portal's messages leave. Without a server they are
// put into the folder "mail" beside the database, one file each.
type MailConfig struct {
	From         string `toml:"from"` // the portal's own address
	Host         string `toml:"host"`
	Port         int    `toml:"port"`
	Username     string `toml:"username"`
	PasswordFile string `toml:"password_file"`
	TLS          string `toml:"tls"` // "starttls", "tls", or "none" on loopback
}

// site gives the address that people type.
func (c Config) site() string {
	if c.Site != "" {
		return strings.TrimSuffix(c.Site, "/")
	}
	_, port, err := net.SplitHostPort(c.Listen)
	if err != nil || port == "" || port == "0" {
		return "http://localhost"
	}
	return "http://localhost:" + port
}

// PlanConfig is what the pages say about the plan and its HelpDesk.
type PlanConfig struct {
	Name     string         `toml:"name"`
	Zone     string         `toml:"time_zone"` // legal days end at midnight here
	HelpDesk HelpDeskConfig `toml:"helpdesk"`
}

// HelpDeskConfig is how to reach the HelpDesk (clause 5 of the agreement).
type HelpDeskConfig struct {
	Address string `toml:"address"`
	Phone   string `toml:"phone"`
	Email   string `toml:"email"`
	Hours   string `toml:"hours"`
}

// Defaults are in force where neither file nor flag says otherwise.
func Defaults() Config {
	return Config{
		Data: "./data", Listen: "127.0.0.1:8080", Import: ImportConfig{HoldShare: 0.1}, Print: PrintConfig{Second: copies.WithReason},
		Plan: PlanConfig{Name: "Health Plan", Zone: "America/New_York", HelpDesk: HelpDeskConfig{
			Address: "see your plan's provider manual", Phone: "see your plan's provider manual", Email: "see your plan's provider manual",
		}},
	}
}

// ReadConfig reads a TOML file over the defaults. A key it does not know is an
// error: a setting that is misspelt must not be silently without effect.
func ReadConfig(path string) (Config, error) {
	c := Defaults()
	meta, err := toml.DecodeFile(path, &c)
	if err != nil {
		return Config{}, fmt.Errorf("reading the configuration: %w", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return Config{}, fmt.Errorf("the configuration has a key that does not exist: %s", unknown[0])
	}
	return c, nil
}

// Check gives the first thing wrong with the configuration, as a sentence.
func (c Config) Check() error {
	if c.Data == "" {
		return errors.New("data: name the folder for documents and keys")
	}
	_, err := time.LoadLocation(c.Plan.Zone)
	if err != nil || c.Plan.Zone == "" {
		return errors.New("plan.time_zone: is not a time zone, such as America/Chicago")
	}
	if strings.TrimSpace(c.Plan.Name) == "" {
		return errors.New("plan.name: give the plan's name, which the pages and the agreement show")
	}
	if !c.Print.Second.Valid() {
		return errors.New("print.second: is reason or refuse")
	}
	u, err := url.Parse(c.site())
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.Path != "" || u.RawQuery != "" {
		return errors.New("site: give the address that people type, such as https://portal.example.org")
	}
	if !(c.Import.HoldShare > 0 && c.Import.HoldShare <= 1) {
		return errors.New("import.hold_share: give a fraction above 0 and up to 1, such as 0.1 for a tenth")
	}
	if (c.TLSCertificate == "") != (c.TLSKey == "") {
		return errors.New("tls_certificate and tls_key: give both, or neither")
	}
	return nil
}

// CheckListen refuses what would carry member data over a network unencrypted
// (S-08, 45 CFR 164.312(e)(1)).
func (c Config) CheckListen() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return errors.New("listen: give an address and a port, such as 127.0.0.1:8080")
	}
	if c.TLSCertificate != "" || c.BehindProxy || loopback(host) {
		return nil
	}
	return errors.New("listen: this address can be reached from other machines, and pages with member data would go over the network unencrypted. " +
		"Give --tls-cert and --tls-key, or --behind-proxy if a proxy in front ends TLS, or listen on 127.0.0.1")
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// databaseURL gives the URL of the database, reading it from its file where
// the configuration names one.
func (c Config) databaseURL() (string, error) {
	path, isFile := strings.CutPrefix(c.Database, "file:")
	if !isFile {
		return c.Database, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading the file that holds the database URL: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

func (c Config) path(name string) string { return filepath.Join(c.Data, name) }

// Masked gives the configuration as it may be shown: without a password.
func (c Config) Masked() Config {
	u, err := url.Parse(c.Database)
	switch {
	case err != nil:
		c.Database = "[cannot be read as a URL]"
	case u.User != nil:
		c.Database = u.Redacted()
	}
	return c
}

// sender gives what carries mail: the server, or else a folder.
func (m MailConfig) sender(folder string) (mail.Sender, error) {
	if m.Host == "" {
		return mail.Folder(folder)
	}
	password := ""
	if m.PasswordFile != "" {
		raw, err := os.ReadFile(m.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("reading the file that holds the mail server's password: %w", err)
		}
		password = strings.TrimSpace(string(raw))
	}
	return mail.SMTP(mail.SMTPConfig{Host: m.Host, Port: m.Port, Username: m.Username, Password: password, TLS: m.TLS})
}

func (m MailConfig) from() string {
	if m.From == "" {
		return "portal@localhost.localdomain"
	}
	return m.From
}
