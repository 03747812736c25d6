package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// bar gives a function that shows how far long work has come. Off a terminal
// it shows nothing.
func bar(what string) func(done, total int64) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return func(int64, int64) {}
	}
	var b *progressbar.ProgressBar
	return func(done, total int64) {
		if b == nil {
			b = progressbar.NewOptions64(total, progressbar.OptionSetDescription(what), progressbar.OptionSetWriter(os.Stderr),
				progressbar.OptionClearOnFinish(), progressbar.OptionShowCount())
		}
		if b.GetMax64() != total {
			b.ChangeMax64(total)
		}
		_ = b.Set64(done) // a bar that cannot be drawn is no reason to stop
	}
}

// osUser names whoever runs the command, for the audit trail.
func osUser() string {
	u, err := user.Current()
	if err != nil || u.Username == "" {
		return "unknown"
	}
	return u.Username
}

// readPassword reads a password from a file, or asks for it twice on the
// terminal. It is never an argument, which other users of the machine can see.
func readPassword(file string) (string, error) {
	if file != "" {
		raw, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		return strings.TrimRight(string(raw), "\r\n"), nil
	}
	in := int(os.Stdin.Fd())
	if !term.IsTerminal(in) {
		return "", errors.New("give the password in a file with --password-file, or run this on a terminal")
	}
	first, err := ask(in, "Password (15 characters or more): ")
	if err != nil {
		return "", err
	}
	second, err := ask(in, "Once more: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New("the two differ")
	}
	return first, nil
}

func ask(in int, prompt string) (string, error) {
	fmt.Fprint(os.Stderr, prompt)
	typed, err := term.ReadPassword(in)
	fmt.Fprintln(os.Stderr)
	return string(typed), err
}

func writeTOML(w io.Writer, v any) error { return toml.NewEncoder(w).Encode(v) }
