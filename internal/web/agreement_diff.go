package web

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"hsconnect/internal/agreement"
	"hsconnect/internal/web/kit"
)

// diffRows is a comparison as a table. Empty lines that stay are left out:
// they say nothing beside the numbers of the lines.
func diffRows(all []agreement.DiffRow) (rows []kit.Row) {
	for _, r := range all {
		if r.Kind == agreement.DiffSame && strings.TrimSpace(r.Parts[0].Text) == "" {
			continue
		}
		rows = append(rows, diffRow(r))
	}
	return rows
}

func diffColumns() []kit.Column {
	return []kit.Column{{Text: "Line", Shrink: true}, {Text: "Text", Wide: true}}
}

// diffRow is a line of the comparison, told by word, mark and edge.
func diffRow(r agreement.DiffRow) kit.Row {
	head := kit.Cell{Header: true}
	var tone kit.Tone
	switch r.Kind {
	case agreement.DiffSame:
		head.Text, head.Muted = "Same", true
	case agreement.DiffAdded:
		head.Text, tone = "Added", kit.Warning
	case agreement.DiffRemoved:
		head.Text, tone = "Removed", kit.Warning
	case agreement.DiffChanged:
		head.Text, tone = "Changed", kit.Warning
	case agreement.DiffSkipped:
		return kit.Row{Cells: []kit.Cell{{Text: "Same", Header: true, Muted: true},
			{Text: count(r.Lines, "unchanged line is", "unchanged lines are") + " left out", Muted: true}}}
	}
	head.Sub = lineNumbers(r.Old, r.New)
	return kit.Row{Tone: tone, Cells: []kit.Cell{head, {Body: diffText(r.Parts)}}}
}

func lineNumbers(old, now int) string {
	switch {
	case now == 0:
		return "was line " + strconv.Itoa(old)
	case old == 0 || old == now:
		return "line " + strconv.Itoa(now)
	}
	return "line " + strconv.Itoa(now) + ", was " + strconv.Itoa(old)
}

// diffText writes the words of a line with what was removed and what was
// added marked as such, for the eye and for screen readers. It is not a
// template, which would put spaces between the words.
func diffText(parts []agreement.DiffPart) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var out strings.Builder
		_, _ = out.WriteString(`<div class="hs-words" dir="auto">`)
		for _, p := range parts {
			switch p.Kind {
			case agreement.DiffAdded:
				mark(&out, "ins", "added", p.Text)
			case agreement.DiffRemoved:
				mark(&out, "del", "removed", p.Text)
			case agreement.DiffSame, agreement.DiffChanged, agreement.DiffSkipped:
				_, _ = out.WriteString(templ.EscapeString(p.Text))
			}
		}
		_, _ = out.WriteString("</div>")
		_, err := io.WriteString(w, out.String())
		return err
	})
}

// mark writes words inside an element that says what became of them.
func mark(out *strings.Builder, element, word, text string) {
	if text == "" {
		text = "(empty line)"
	}
	_, _ = out.WriteString("<" + element + `><span class="usa-sr-only"> [` + word + `: </span>` + templ.EscapeString(text) +
		`<span class="usa-sr-only">] </span></` + element + ">")
}
