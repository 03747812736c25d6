package intake

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// MaxLine bounds a line of NDJSON, in bytes.
const MaxLine = 64 << 10

// ErrLongLine is the error of Objects for a line of more than MaxLine bytes.
var ErrLongLine = errors.New("intake: a line is longer than 64 KB")

// Object is one line of a file of NDJSON: a flat object whose values are
// texts. With a Reason it cannot be taken, and Values may be incomplete.
type Object struct {
	Line   int // from 1
	Values map[string]string
	Reason string // fit to be shown; it repeats no value
}

// Objects reads NDJSON in UTF-8: one flat JSON object a line, its values texts
// or null, which counts as an empty text. Blank lines are passed over. It
// gives back the error of fn or of r, or ErrLongLine.
func Objects(r io.Reader, fn func(Object) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), MaxLine)
	for n := 1; lines.Scan(); n++ {
		line := lines.Bytes()
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		o := Object{Line: n, Values: map[string]string{}}
		o.Reason = flat(line, o.Values)
		err := fn(o)
		if err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return ErrLongLine
	}
	return lines.Err()
}

const notFlat = "is not one JSON object with texts in quotation marks, or null: write one object a line, such as {\"last\": \"Garcia\"}"

// flat reads one object into values, or says what is wrong with it.
func flat(line []byte, values map[string]string) string {
	if !utf8.Valid(line) {
		return "is not UTF-8: save the file as UTF-8"
	}
	in := json.NewDecoder(bytes.NewReader(line))
	open, err := in.Token()
	if err != nil || open != json.Delim('{') {
		return notFlat
	}
	for in.More() {
		key, err := in.Token()
		name, isText := key.(string)
		if err != nil || !isText {
			return notFlat
		}
		value, err := in.Token()
		text, isText := value.(string)
		if err != nil || !isText && value != nil {
			return notFlat
		}
		_, twice := values[name]
		if twice {
			return "names a value twice"
		}
		values[name] = text
	}
	_, err = in.Token() // the closing brace
	if err != nil {
		return notFlat
	}
	_, err = in.Token()
	if !errors.Is(err, io.EOF) {
		return notFlat
	}
	return ""
}
