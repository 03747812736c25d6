package kit

import (
	"strconv"

	"github.com/a-h/templ"
)

func dateField(f Field) Field {
	f.Code = false
	if f.Width == "" {
		f.Width = W12
	}
	if f.Hint == "" && !f.HideLabel {
		f.Hint = "Such as 11/27/2026"
	}
	if f.Autocomplete == "" {
		f.Autocomplete = "off"
	}
	attrs := templ.Attributes{"data-date": true}
	for k, v := range f.Attrs {
		attrs[k] = v
	}
	f.Attrs = attrs
	return f
}

func rows(f Field) int {
	if f.Rows > 0 {
		return f.Rows
	}
	return 4
}

// optionID gives the first choice the id of the group, so that a Problem
// that names the field leads to it.
func optionID(f Field, i int) string {
	if i == 0 {
		return f.id()
	}
	return f.id() + "-" + number(i+1)
}

func (f Field) groupAttributes() templ.Attributes {
	a := templ.Attributes{}
	all := f.attributes()
	if d, ok := all["aria-describedby"]; ok {
		a["aria-describedby"] = d
	}
	for k, v := range f.Attrs {
		a[k] = v
	}
	return a
}

func (p FileProps) fileAttributes() templ.Attributes {
	f := p.Field
	f.Hint = p.hint()
	return f.attributes()
}

func bytesAttribute(n int64) string {
	if n <= 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func gridLabel(columns []GridColumn, i int) string {
	if i < len(columns) {
		return columns[i].Text
	}
	return ""
}

// gridField names a control after its column and line.
func gridField(f Field, column string, line int) Field {
	f.HideLabel = true
	f.Hint = ""
	if f.Label == "" {
		f.Label = column
	}
	f.Label += ", line " + number(line)
	return f
}

func (a AlertProps) attributes() templ.Attributes {
	switch {
	case a.Urgent:
		return templ.Attributes{"role": "alert"}
	case a.Live:
		return templ.Attributes{"role": "status"}
	}
	return nil
}

func current(yes bool) templ.Attributes {
	if yes {
		return templ.Attributes{"aria-current": "page"}
	}
	return nil
}

func (c Chrome) sessionAttributes() templ.Attributes {
	if c.Session == nil {
		return nil
	}
	return templ.Attributes{
		"data-session-seconds": c.Session.seconds(),
		"data-session-extend":  c.Session.Extend,
		"data-session-sign-in": or(c.Session.SignIn, "/login"),
	}
}
