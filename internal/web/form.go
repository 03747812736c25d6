package web

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"hsconnect/internal/civil"
	"hsconnect/internal/fault"
	"hsconnect/internal/web/kit"
)

// Form is what somebody typed and what is wrong with it. It comes back to the
// page as it was typed.
type Form struct {
	values   url.Values
	problems []placed
}

// placed is a problem at a field; an empty field means the whole form.
type placed struct {
	field   string
	text    string // beside the field
	summary string // in the summary above the form
}

// NewForm is a form filled with values, for a page that opens with some.
func NewForm(values url.Values) *Form {
	if values == nil {
		values = url.Values{}
	}
	return &Form{values: values}
}

// Form reads the body as a form. Files in it are left out: see Upload.
func (c *Call) Form() (*Form, error) { return c.Upload(nil) }

// Upload is one file of a form on its way in. Name is what the sender calls
// it: it may be hostile.
type Upload struct {
	Field string
	Name  string
	Type  string // as the sender says; believe nothing of it
	Body  io.Reader
}

// Bounds of a form. What a field may hold is judged by the services.
const (
	maxFields     = 2000
	maxFieldBytes = 256 << 10
)

// Upload reads the body as a form and hands each chosen file to each while it
// comes in: nothing is kept in memory or on disk on the way. The form given to
// each holds the fields that stand before the file. An error of each is given
// back after the rest of the body has been read, so that the browser gets the
// answer instead of a broken connection. The route's Limit bounds the whole.
func (c *Call) Upload(each func(f *Form, u Upload) error) (*Form, error) {
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return c.plainForm()
	}
	f := NewForm(nil)
	parts := multipart.NewReader(c.r.Body, params["boundary"])
	for n := 0; ; n++ {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err == nil && n >= maxFields {
			err = errForm
		}
		if err == nil {
			err = f.take(part, each)
		}
		if err != nil {
			_, _ = io.Copy(io.Discard, c.r.Body) // bounded by the route's limit
			return nil, unreadable(err)
		}
	}
}

func (f *Form) take(part *multipart.Part, each func(*Form, Upload) error) error {
	name := part.FormName()
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return errForm
	}
	filename, isFile := params["filename"]
	switch {
	case !isFile:
		text, err := io.ReadAll(io.LimitReader(part, maxFieldBytes+1))
		if err != nil {
			return err
		}
		if len(text) > maxFieldBytes {
			return fault.New(fault.TooLarge, "One field holds more text than a form may carry. Attach long texts as a document")
		}
		f.values.Add(name, string(text))
		return nil
	case filename == "" || each == nil:
		return nil // a file control in which nothing was chosen
	}
	return each(f, Upload{Field: name, Name: filename, Type: part.Header.Get("Content-Type"), Body: part})
}

func (c *Call) plainForm() (*Form, error) {
	err := c.r.ParseForm()
	if err != nil {
		return nil, unreadable(err)
	}
	if len(c.r.PostForm) > maxFields {
		return nil, errForm
	}
	return NewForm(c.r.PostForm), nil
}

var errForm = fault.New(fault.Invalid, "The form could not be read. Open the page again and send it from there")

// unreadable gives an error of reading a body its kind.
func unreadable(err error) error {
	var large *http.MaxBytesError
	var known *fault.Error
	if errors.As(err, &large) || errors.As(err, &known) {
		return err
	}
	return fault.Wrap(fault.Invalid, err, errForm.Text)
}

// Raw gives a field as it was typed, to be shown again.
func (f *Form) Raw(name string) string { return f.values.Get(name) }

// Set changes what a field shows again.
func (f *Form) Set(name, value string) { f.values.Set(name, value) }

// Has says whether the field was sent, as a ticked checkbox or a pressed
// button is.
func (f *Form) Has(name string) bool { return f.values.Has(name) }

// All gives every value of a field, each as Text gives it.
func (f *Form) All(name string) []string {
	out := make([]string, len(f.values[name]))
	for i, v := range f.values[name] {
		out[i] = oneLine(v)
	}
	return out
}

// Values gives everything that was sent, as it was typed: a draft keeps it.
func (f *Form) Values() url.Values { return f.values }

// Text gives a field on one line: composed Unicode, spaces around it and
// characters that cannot be typed taken off.
func (f *Form) Text(name string) string { return oneLine(f.values.Get(name)) }

// Lines gives a field that may have several lines, ended by "\n".
func (f *Form) Lines(name string) string { return manyLines(f.values.Get(name)) }

// Secret gives a password, exactly as typed.
func (f *Form) Secret(name string) string { return f.values.Get(name) }

// Date reads a date as people type it. A field left empty is the zero Date;
// one that cannot be read is a problem at the field.
func (f *Form) Date(name, label string, today civil.Date) civil.Date {
	text := f.Text(name)
	if text == "" {
		return civil.Date{}
	}
	d, err := civil.ParseTyped(text, today)
	if err != nil {
		f.Fail(name, label, capital(err.Error()))
	}
	return d
}

// Birth reads a birth date; see Date.
func (f *Form) Birth(name, label string, today civil.Date) civil.Date {
	text := f.Text(name)
	if text == "" {
		return civil.Date{}
	}
	d, err := civil.ParseBirth(text, today)
	if err != nil {
		f.Fail(name, label, capital(err.Error()))
	}
	return d
}

// Int reads a whole number. A field left empty is 0; one that cannot be read
// is a problem at the field, with advice for a text.
func (f *Form) Int(name, label, advice string) int64 {
	text := strings.ReplaceAll(f.Text(name), ",", "")
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f.Fail(name, label, advice)
	}
	return n
}

// Version reads the hidden version of what a form changes; 0 when there is none.
func (f *Form) Version() int64 {
	n, err := strconv.ParseInt(f.Text("version"), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// Fail puts a problem at a field. The summary above the form names the label
// first, unless it is empty; an empty name means the whole form.
func (f *Form) Fail(name, label, text string) {
	summary := text
	if label != "" {
		summary = label + ": " + uncapital(text)
	}
	f.problems = append(f.problems, placed{field: name, text: text, summary: summary})
}

// Place says at which field the problem of a domain path is shown, and what
// the field is called; an empty field means the whole form.
type Place func(path string) (field, label string)

// Places makes a Place from a table of path to {field, label}.
func Places(table map[string][2]string) Place {
	return func(path string) (field, label string) {
		at := table[path]
		return at[0], at[1]
	}
}

// Blame puts the problems of an Invalid fault at their fields and gives nil.
// Any other error is given back.
func (f *Form) Blame(err error, at Place) error {
	if err == nil || !fault.Is(err, fault.Invalid) {
		return err
	}
	found := fault.Problems(err)
	if len(found) == 0 {
		f.Fail("", "", fault.Text(err))
	}
	for _, p := range found {
		field, label := at(p.Path)
		f.Fail(field, label, p.Text)
	}
	return nil
}

// OK says that nothing is wrong so far.
func (f *Form) OK() bool { return f == nil || len(f.problems) == 0 }

// Problems gives what is wrong, for the ErrorSummary above the form.
func (f *Form) Problems() []kit.Problem {
	if f == nil {
		return nil
	}
	out := make([]kit.Problem, len(f.problems))
	for i, p := range f.problems {
		out[i] = kit.Problem{Text: p.summary}
		if strings.Contains(p.summary, ". ") {
			out[i].Text = sentence(p.summary)
		}
		if p.field != "" {
			out[i].FieldID = kit.FieldID(p.field)
		}
	}
	return out
}

// Error gives what is wrong with one field.
func (f *Form) Error(name string) string {
	if f == nil {
		return ""
	}
	var texts []string
	for _, p := range f.problems {
		if p.field == name {
			texts = append(texts, sentence(p.text))
		}
	}
	return strings.Join(texts, " ")
}

// In fills a control with what was typed in it and what is wrong with it.
func (f *Form) In(field kit.Field) kit.Field {
	if f == nil {
		return field
	}
	if f.values.Has(field.Name) {
		field.Value = f.values.Get(field.Name)
	}
	if text := f.Error(field.Name); text != "" {
		field.Error = text
	}
	return field
}

// Choose marks the options of a control as they were chosen, or fallback when
// none was sent.
func (f *Form) Choose(name, fallback string, options []kit.Option) []kit.Option {
	chosen := []string{fallback}
	if f != nil && f.values.Has(name) {
		chosen = f.values[name]
	}
	out := make([]kit.Option, len(options))
	for i, o := range options {
		o.Selected = false
		for _, v := range chosen {
			o.Selected = o.Selected || v == o.Value
		}
		out[i] = o
	}
	return out
}

func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(tidy(text), unicode.IsSpace), " ")
}

func manyLines(text string) string {
	return strings.Trim(tidy(text), "\n ")
}

// tidy makes a text that can be stored and shown: valid, composed, with "\n"
// as the end of a line and without control characters.
func tidy(text string) string {
	text = norm.NFC.String(strings.ToValidUTF8(text, "\ufffd"))
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
}
