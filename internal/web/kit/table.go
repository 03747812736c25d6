package kit

import "github.com/a-h/templ"

// Sort is how a column is sorted at the moment.
type Sort string

// The sorts.
const (
	Unsorted   Sort = ""
	Ascending  Sort = "ascending"
	Descending Sort = "descending"
)

// Column is one column of a Table.
type Column struct {
	Text     string
	HideText bool   // for columns of buttons: the heading is for screen readers
	SortHref string // address of the same table sorted by this column
	Sorted   Sort
	Number   bool // right-aligned, tabular figures
	Shrink   bool // no wider than its content, never wrapped
	Wide     bool // takes what is left
}

// Cell is one cell. Set Text, or Body for anything richer.
type Cell struct {
	Text   string
	Sub    string // a second, quieter line
	Href   string // makes Text a link
	Body   templ.Component
	Header bool // names the row: exactly one cell of each row
	Strong bool
	Muted  bool
}

// Row is one row of a Table.
type Row struct {
	ID    string // id of the row, so that "back" can return to it
	Tone  Tone   // Warning or Danger mark the row's edge; say the reason in a cell too
	Fresh bool   // not seen yet
	Cells []Cell // as many as there are columns
}

// Table is data in rows. Under 640 px every row becomes a card in which each
// value stands beside its column's name.
type Table struct {
	ID          string
	Caption     string // always said; shown unless HideCaption
	HideCaption bool
	Columns     []Column
	Rows        []Row
	Worklist    bool // j, k and Enter walk the rows
	Empty       templ.Component
	Sticky      bool // the head stays in sight; for long pages
}

func (t Table) class() string {
	return classes("hs-table", when(t.Sticky, "hs-table--sticky"))
}

func (t Table) attributes() templ.Attributes {
	a := templ.Attributes{}
	if t.ID != "" {
		a["id"] = t.ID
	}
	if t.Worklist {
		a["data-worklist"] = true
	}
	return a
}

func (c Column) class() string {
	return classes(when(c.Number, "hs-num"), when(c.Shrink, "hs-shrink"), when(c.Wide, "hs-grow"))
}

func (c Column) attributes() templ.Attributes {
	if c.SortHref == "" && c.Sorted == Unsorted {
		return nil
	}
	return templ.Attributes{"aria-sort": or(string(c.Sorted), "none")}
}

func (c Column) sortIcon() string {
	switch c.Sorted {
	case Ascending:
		return "arrow_upward"
	case Descending:
		return "arrow_downward"
	case Unsorted:
		return "sort_arrow"
	}
	return "sort_arrow"
}

func (c Column) sortWord() string {
	switch c.Sorted {
	case Ascending:
		return "sorted, lowest first; sort the other way"
	case Descending:
		return "sorted, highest first; sort the other way"
	case Unsorted:
		return "sort by this column"
	}
	return "sort by this column"
}

func (r Row) class() string {
	return classes("hs-row", when(r.Fresh, "hs-row--fresh"), when(r.Tone != Plain, "hs-row--"+string(r.Tone)))
}

func (r Row) attributes() templ.Attributes {
	if r.ID == "" {
		return nil
	}
	return templ.Attributes{"id": r.ID}
}

func (c Cell) class(col Column) string {
	return classes(col.class(), when(c.Strong, "hs-strong"), when(c.Muted, "hs-muted"))
}

// column tolerates a row that is longer than the head.
func (t Table) column(i int) Column {
	if i < len(t.Columns) {
		return t.Columns[i]
	}
	return Column{}
}
