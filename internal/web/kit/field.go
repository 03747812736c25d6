package kit

import "github.com/a-h/templ"

// Field is one form control with everything said about it.
type Field struct {
	Name     string // form name
	ID       string // default: made from Name; must be unique on the page
	Label    string
	Value    string
	Hint     string // under the label: what is wanted, in which form
	Error    string // beside the control: what to do, not only what is wrong
	Optional bool   // the label says "optional"; every other field is required
	Either   bool   // one of several will do: neither required nor called optional

	Type         string // text (default), email, password, tel, search, url
	Autocomplete string // "username", "current-password", "bday", "off"…
	InputMode    string // "numeric", "decimal", "tel", "email"
	Width        Width
	MaxLength    int
	Rows         int  // text areas; default 4
	Code         bool // identifiers: tabular figures, no spelling, no capitals put in
	HideLabel    bool // label is for screen readers only: grids, search
	ReadOnly     bool
	Autofocus    bool             // at most one a page, and never beside an ErrorSummary
	Attrs        templ.Attributes // data-* and the like
}

// Width is how long the control is: it tells people how much is expected.
type Width string

// The widths, from two digits to a whole line.
const (
	W2    Width = "2"
	W4    Width = "4"
	W8    Width = "8"
	W12   Width = "12"
	W20   Width = "20"
	W40   Width = "40"
	WFull Width = "full"
)

// Option is one choice of a Select, RadioGroup or CheckboxGroup.
type Option struct {
	Value    string
	Text     string
	Hint     string // radio and checkbox only
	Group    string // select only: heading the option stands under
	Selected bool
	Disabled bool
}

// FileProps is a file control with its limits said before choosing.
type FileProps struct {
	Field
	Accept   string // "application/pdf,image/png"
	Kinds    string // the same in words: "PDF, PNG, JPEG or TIFF"
	MaxBytes int64  // of one file
	Multiple bool
}

func (f Field) id() string {
	if f.ID != "" {
		return f.ID
	}
	return "f-" + slug(f.Name)
}

func (f Field) kind() string { return or(f.Type, "text") }

func (f Field) groupClass() string {
	return classes("usa-form-group hs-field", when(f.Error != "", "usa-form-group--error"))
}

func (f Field) labelClass() string {
	return classes("usa-label", when(f.HideLabel, "usa-sr-only"), when(f.Error != "", "usa-label--error"))
}

func (f Field) inputClass(base string) string {
	return classes(base, "hs-w-"+string(f.width()), when(f.Error != "", "usa-input--error"), when(f.Code, "hs-code"))
}

func (f Field) width() Width {
	if f.Width == "" {
		return WFull
	}
	return f.Width
}

// attributes are those that all controls share.
func (f Field) attributes() templ.Attributes {
	a := templ.Attributes{}
	describedBy := ""
	if f.Hint != "" {
		describedBy = f.id() + "-hint"
	}
	if f.Error != "" {
		describedBy = classes(describedBy, f.id()+"-error")
		a["aria-invalid"] = "true"
	}
	if describedBy != "" {
		a["aria-describedby"] = describedBy
	}
	if !f.Optional && !f.Either {
		a["required"] = true
	}
	if f.Autocomplete != "" {
		a["autocomplete"] = f.Autocomplete
	}
	if f.InputMode != "" {
		a["inputmode"] = f.InputMode
	}
	if f.MaxLength > 0 {
		a["maxlength"] = number(f.MaxLength)
	}
	if f.Code {
		a["spellcheck"] = "false"
		a["autocapitalize"] = "characters"
	}
	if f.ReadOnly {
		a["readonly"] = true
	}
	if f.Autofocus {
		a["autofocus"] = true
	}
	for k, v := range f.Attrs {
		a[k] = v
	}
	return a
}

func (p FileProps) hint() string {
	s := p.Hint
	limit := ""
	if p.Kinds != "" {
		limit = p.Kinds
	}
	if p.MaxBytes > 0 {
		if limit != "" {
			limit += ", "
		}
		limit += "at most " + Bytes(p.MaxBytes)
		if p.Multiple {
			limit += " each"
		}
	}
	if limit == "" {
		return s
	}
	if s != "" {
		s += " "
	}
	return s + limit + "."
}

// optionGroups keeps the order and puts neighbors with the same group
// together.
func optionGroups(options []Option) [][]Option {
	var out [][]Option
	for _, o := range options {
		if n := len(out); n > 0 && out[n-1][0].Group == o.Group {
			out[n-1] = append(out[n-1], o)
			continue
		}
		out = append(out, []Option{o})
	}
	return out
}

// FieldID is the id of the control that a Field with this name gets.
func FieldID(name string) string { return Field{Name: name}.id() }
