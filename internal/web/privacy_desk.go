package web

import (
	"strconv"

	"hsconnect/internal/civil"
	"hsconnect/internal/privacy"
	"hsconnect/internal/web/kit"
)

// deskView is the privacy officer's first page.
type deskView struct {
	done  string
	form  *Form
	sorts []deskSort
	waits int
	week  *weekView
	last  []kit.Row
}

type deskSort struct {
	title, id string
	count     int
	sub       string
	rows      []kit.Row
}

// weekView is the week that waits for its sign-off.
type weekView struct {
	monday  string
	title   string
	lines   []string
	overdue string // in words, or ""
	note    bool   // something is left, so a note is needed
}

func (s *site) privacyDesk(c *Call) error { return s.showDesk(c, nil) }

func (s *site) showDesk(c *Call, f *Form) error {
	d, err := s.Privacy.Desk(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	v := deskView{form: f}
	v.done = map[string]string{"signed": "The week is signed off.", "visit": "The statement is reviewed."}[c.Query("done")]
	for _, one := range d.Sorts {
		v.waits += len(one.Items)
		v.sorts = append(v.sorts, c.deskSort(one))
	}
	if d.Week != nil {
		v.week = c.weekView(*d.Week)
	}
	for _, o := range d.Last {
		left := strconv.Itoa(o.Remaining)
		if o.Own > 0 {
			left += " and " + strconv.Itoa(o.Own) + " for somebody else"
		}
		v.last = append(v.last, kit.Row{Cells: []kit.Cell{{Text: weekWords(o.Monday), Header: true}, {Text: strconv.Itoa(o.Reviewed)}, {Text: left}, {Text: orDash(o.Note)}, {Text: o.Name, Sub: c.Moment(o.At).Text}}})
	}
	return c.Show(Page{Title: "Privacy", Section: "privacy", Form: f, Body: deskBody(v)})
}

func (c *Call) deskSort(one privacy.Sort) deskSort {
	v := deskSort{title: one.Name, id: "desk-" + kitSlug(one.Name), count: len(one.Items)}
	if one.Late > 0 {
		v.sub = count(one.Late, "is overdue", "are overdue")
	}
	for _, it := range one.Items {
		row := kit.Row{Cells: []kit.Cell{{Text: it.What, Href: it.Link, Header: true}, {Text: c.Moment(it.Since).Text, Muted: true}, {Text: "no set time", Muted: true}}}
		if !it.Due.IsZero() {
			due := c.Due(it.Since, it.Due)
			row.Cells[2] = kit.Cell{Body: kit.DueCell(due)}
			if due.Urgency == kit.Late {
				row.Tone = kit.Danger
			}
		}
		if it.By != "" && it.By == c.Actor.Person {
			row.Cells[0].Sub = "Your own: somebody else reviews it"
		}
		v.rows = append(v.rows, row)
	}
	return v
}

func kitSlug(text string) string {
	out := []rune{}
	for _, r := range uncapital(text) {
		if r == ' ' {
			r = '-'
		}
		out = append(out, r)
	}
	return string(out)
}

func weekWords(monday civil.Date) string {
	return monday.US() + " to " + monday.AddDays(6).US()
}

func (c *Call) weekView(w privacy.Week) *weekView {
	v := &weekView{monday: w.Monday.String(), title: "Week of " + weekWords(w.Monday), note: w.Left+w.Own > 0,
		lines: []string{count(w.Reviewed, "thing was", "things were") + " reviewed in it, and " + count(w.Left, "is", "are") + " left."}}
	if w.Own > 0 {
		v.lines = append(v.lines, count(w.Own, "is your own doing", "are your own doing")+": somebody else reviews them.")
	}
	if w.Behind > 0 {
		v.lines = append(v.lines, count(w.Behind, "more week waits", "more weeks wait")+" after this one.")
	}
	if w.Overdue {
		v.overdue = "Overdue: this week ended on " + w.Monday.AddDays(6).Long() + "."
	}
	return v
}

func orDash(text string) string {
	if text == "" {
		return "—"
	}
	return text
}

// signOffWeek is POST /plan/privacy/signoff.
func (s *site) signOffWeek(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok {
		return err
	}
	monday, err := civil.Parse(f.Text("week"))
	if err != nil {
		return errNotFound()
	}
	err = s.Privacy.SignOff(c.Context(), c.Actor, monday, f.Lines("note"))
	if err == nil {
		return c.Done(privacyPath, "signed")
	}
	err = f.Blame(err, Places(map[string][2]string{"note": {"note", "Note"}}))
	if err != nil {
		return err
	}
	return s.showDesk(c, f)
}
