// Package message keeps what an office and the plan write to each other about
// a request. It promises that nothing written is ever changed or removed,
// that every message is an entry of the official record, and that the plan's
// internal notes never reach an office.
package message

import (
	"database/sql"
	"encoding/json"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

// Kind says what a message is for.
type Kind string

// The kinds.
const (
	Question Kind = "question"      // the plan asks, and the office has the next step
	Answer   Kind = "answer"        // the office answers, and the plan has the next step
	Plain    Kind = "message"       // neither
	Internal Kind = "internal note" // the plan's staff among themselves
)

// MaxRunes is the longest message, in characters.
const MaxRunes = 10_000

// Message is one thing somebody wrote.
type Message struct {
	ID      id.Message
	Request id.Request
	Kind    Kind
	Side    access.Side
	Person  id.Person
	Name    string // of who wrote it, as it was then
	Body    string
	Entry   id.Entry
	At      time.Time
}

// LogValue keeps clinical text out of logs.
func (m Message) LogValue() slog.Value { return slog.StringValue("[message " + string(m.ID) + "]") }

// body is what the official record keeps of a message.
type body struct {
	ID      id.Message `json:"id"`
	Request id.Request `json:"request"`
	Kind    Kind       `json:"kind"`
	Name    string     `json:"name"`
	Text    string     `json:"text"`
}

// Clean gives text as it is kept (line ends as \n, no control characters, no
// outer blank space), or a problem at path. Direction marks and every script
// are kept: they are part of what was written.
func Clean(path, text string) (string, *fault.Problem) {
	if !utf8.ValidString(text) {
		return "", &fault.Problem{Path: path, Text: "Contains bytes that are not text. Please type it again"}
	}
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || !unicode.IsControl(r) {
			return r
		}
		return -1
	}, text)
	text = strings.TrimSpace(norm.NFC.String(text))
	if utf8.RuneCountInString(text) > MaxRunes {
		return "", &fault.Problem{Path: path, Text: "Is longer than 10,000 characters. Shorten it, or attach it as a document"}
	}
	return text, nil
}

// Post writes a message into the thread of a request. The caller has already
// established that who may take part in it.
func Post(tx *db.Tx, who access.Actor, request id.Request, kind Kind, text string) (Message, error) {
	if kind == Internal && who.Side != access.Plan {
		return Message{}, fault.New(fault.Forbidden, "Only the plan's staff keep internal notes")
	}
	text, problem := Clean("body", text)
	if problem != nil {
		return Message{}, fault.Bad(*problem)
	}
	if text == "" {
		return Message{}, fault.Bad(fault.Problem{Path: "body", Text: "Write the message first"})
	}
	m := Message{ID: id.New[id.Message](tx.Now), Request: request, Kind: kind, Side: who.Side,
		Person: who.Person, Name: who.Name, Body: text, At: tx.Now}
	raw, err := json.Marshal(body{ID: m.ID, Request: request, Kind: kind, Name: m.Name, Text: text})
	if err != nil {
		return Message{}, err
	}
	receipt, err := record.Append(tx, who, record.New{Subject: "request/" + string(request), Kind: "message." + strings.ReplaceAll(string(kind), " ", "-"), Body: raw})
	if err != nil {
		return Message{}, err
	}
	m.Entry = receipt.Entry
	_, err = tx.Exec(`insert into message (id, request, kind, side, org, person, name, body, entry, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		string(m.ID), string(request), string(kind), int64(who.Side), string(who.Org), string(who.Person), m.Name, text, string(m.Entry), db.Micros(m.At))
	return m, err
}

// Thread gives the messages about a request, oldest first. An office gets all
// but the internal notes.
func Thread(tx *db.Tx, who access.Actor, request id.Request) ([]Message, error) {
	hidden := string(Internal)
	if who.Side == access.Plan || who.Side == access.System {
		hidden = ""
	}
	return db.Collect(scan)(tx.Rows(`select id, request, kind, side, person, name, body, entry, at_us from message
		where request = $1 and kind <> $2 order by at_us, id`, string(request), hidden))
}

func scan(r *sql.Rows) (Message, error) {
	var m Message
	var side, at int64
	err := r.Scan(&m.ID, &m.Request, &m.Kind, &side, &m.Person, &m.Name, &m.Body, &m.Entry, &at)
	m.Side, m.At = access.Side(side), db.Time(at)
	return m, err
}
