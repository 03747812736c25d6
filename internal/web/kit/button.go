package kit

import "github.com/a-h/templ"

// ButtonKind says what a button is for; each looks different.
type ButtonKind string

// The kinds. A page has one Primary at most.
const (
	Primary   ButtonKind = "primary"   // the one action the page is for: "Submit request"
	Secondary ButtonKind = "secondary" // another action of equal safety: "Add documents"
	Save      ButtonKind = "save"      // keeps without sending: "Save draft"
	Destroy   ButtonKind = "danger"    // cannot be taken back: "Cancel request"
	Quiet     ButtonKind = "quiet"     // reads like a link: "Remove line"
)

// ButtonProps is a button, or a link that looks like one when Href is set.
type ButtonProps struct {
	Text       string // a verb and its object
	Kind       ButtonKind
	Href       string
	Name       string
	Value      string
	FormAction string // sends the form elsewhere: "Save draft" in the submit form
	Icon       string
	Small      bool
	Describe   string // said after Text to screen readers: "line 3"
	Key        string // single key that presses it inside the current row, such as "t"
	Attrs      templ.Attributes
}

func (b ButtonProps) class() string {
	kind := b.Kind
	if kind == "" {
		kind = Secondary
	}
	return classes("usa-button hs-button hs-button--"+string(kind), when(b.Small, "hs-button--small"))
}

func (b ButtonProps) attributes() templ.Attributes {
	a := templ.Attributes{}
	if b.Key != "" {
		a["data-key"] = b.Key
		a["aria-keyshortcuts"] = b.Key
	}
	for k, v := range b.Attrs {
		a[k] = v
	}
	return a
}

func (b ButtonProps) submitAttributes() templ.Attributes {
	a := b.attributes()
	if b.Name != "" {
		a["name"] = b.Name
		a["value"] = b.Value
	}
	if b.FormAction != "" {
		a["formaction"] = b.FormAction
		a["formnovalidate"] = true
	}
	return a
}

// FormProps is a form. Browsers' own checks are off: the server answers with
// an ErrorSummary.
type FormProps struct {
	ID        string
	Action    string
	Method    string // default "post"
	Multipart bool   // set when it holds a file control
	Autosave  string // POST address that keeps a draft while people type
	Class     string
	Label     string // name for screen readers when a page has several
}

func (f FormProps) attributes() templ.Attributes {
	a := templ.Attributes{}
	if f.ID != "" {
		a["id"] = f.ID
	}
	if f.Multipart {
		a["enctype"] = "multipart/form-data"
	}
	if f.Autosave != "" {
		a["data-autosave"] = f.Autosave
	}
	if f.Label != "" {
		a["aria-label"] = f.Label
	}
	return a
}
