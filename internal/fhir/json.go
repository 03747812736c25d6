package fhir

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// Bounds of what is read.
const (
	maxResource = 1 << 20
	maxDepth    = 32
)

// Errors of reading. Their texts hold nothing of what was read.
var (
	ErrResource = errors.New("fhir: not the resource that is wanted here")
	ErrLossy    = errors.New("fhir: an element that is not known here, empty, or not as FHIR writes it")
	ErrTwice    = errors.New("fhir: a name stands twice in one object")
	ErrDeep     = errors.New("fhir: nested too deeply")
	ErrLarge    = errors.New("fhir: larger than one resource may be")
	ErrJSON     = errors.New("fhir: not JSON")
)

// ParseAuditEvent reads one AuditEvent.
func ParseAuditEvent(text []byte) (AuditEvent, error) {
	var a AuditEvent
	err := parse(text, &a)
	if err == nil && a.ResourceType != "AuditEvent" {
		err = ErrResource
	}
	if err != nil {
		return AuditEvent{}, err
	}
	return a, nil
}

// ParseBundle reads a Bundle of AuditEvents. Its size is the caller's to bound.
func ParseBundle(text []byte) (Bundle, error) {
	var b Bundle
	err := parseAny(text, &b)
	if err == nil && b.ResourceType != "Bundle" {
		err = ErrResource
	}
	if err != nil {
		return Bundle{}, err
	}
	return b, nil
}

func parse(text []byte, into any) error {
	if len(text) > maxResource {
		return ErrLarge
	}
	return parseAny(text, into)
}

// parseAny reads text and holds what came of it against the text itself: what
// would not be written the same again is refused.
func parseAny(text []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	was, err := value(dec, 0)
	if err != nil {
		return err
	}
	_, err = dec.Token()
	if !errors.Is(err, io.EOF) {
		return ErrJSON
	}
	err = json.Unmarshal(text, into)
	if err != nil {
		return ErrLossy
	}
	again, err := json.Marshal(into)
	if err != nil {
		return ErrLossy
	}
	dec = json.NewDecoder(bytes.NewReader(again))
	dec.UseNumber()
	is, err := value(dec, 0)
	if err != nil || !reflect.DeepEqual(was, is) {
		return ErrLossy
	}
	return nil
}

// value reads any JSON value, refusing names that stand twice.
func value(dec *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, ErrDeep
	}
	t, err := dec.Token()
	if err != nil {
		return nil, ErrJSON
	}
	switch d, _ := t.(json.Delim); d {
	case '{':
		return object(dec, depth)
	case '[':
		all := []any{}
		for dec.More() {
			v, err := value(dec, depth+1)
			if err != nil {
				return nil, err
			}
			all = append(all, v)
		}
		_, err = dec.Token()
		if err != nil {
			return nil, ErrJSON
		}
		return all, nil
	}
	return t, nil
}

func object(dec *json.Decoder, depth int) (any, error) {
	all := map[string]any{}
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, ErrJSON
		}
		if _, twice := all[name]; twice {
			return nil, ErrTwice
		}
		all[name], err = value(dec, depth+1)
		if err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	if err != nil {
		return nil, ErrJSON
	}
	return all, nil
}

// WriteLine writes one resource as a line of NDJSON.
func WriteLine(w io.Writer, a AuditEvent) error {
	line, err := json.Marshal(a)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// ReadLines reads NDJSON and gives each resource to fn. An error names its line.
func ReadLines(r io.Reader, fn func(AuditEvent) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxResource)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		a, err := ParseAuditEvent(lines.Bytes())
		if err == nil {
			err = fn(a)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return ErrLarge
	}
	return lines.Err()
}
