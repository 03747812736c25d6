package web

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/coverage"
	"hsconnect/internal/fault"
	"hsconnect/internal/glass"
	"hsconnect/internal/member"
	"hsconnect/internal/web/kit"
)

// maxDayBytes bounds the list of a day, pasted or in a file.
const maxDayBytes = 64_000

// dayPage is GET /members/day: the form for several members.
func (s *site) dayPage(c *Call) error {
	return c.Show(Page{Title: "Several members at once", Section: "members", Body: dayBody(dayForm(c, NewForm(nil), ""))})
}

func dayForm(c *Call, f *Form, text string) dayView {
	return dayView{F: f, Text: text, Visit: visitView(c, f)}
}

// lookUpDay is POST /members/day: the lines are answered in place.
func (s *site) lookUpDay(c *Call) error {
	var file []byte
	f, err := c.Upload(func(_ *Form, u Upload) error {
		if u.Field != "file" {
			return nil
		}
		var err error
		file, err = io.ReadAll(io.LimitReader(u.Body, maxDayBytes+1))
		return err
	})
	if err != nil {
		return err
	}
	text := f.Lines("members")
	fromFile, problem := plainText(file)
	if problem != "" {
		f.Fail("file", "List", problem)
	}
	text = strings.Trim(text+"\n"+fromFile, "\n")
	if len(text) > maxDayBytes {
		f.Fail("members", "Members", "This is more than 50 lines can hold. Paste the lines of one day")
	}
	purpose, visit := readPurpose(f), readVisit(c, f)
	lines := readDay(text, c.Today())
	if len(lines) > coverage.MaxDay {
		f.Fail("members", "Members", "These are "+strconv.Itoa(len(lines))+" lines. Look up to 50 members at once: take the rest in a second turn")
	}
	if len(lines) == 0 && f.OK() {
		f.Fail("members", "Members", "Type or paste one member a line, or choose a file")
	}
	if !f.OK() {
		return s.dayAgain(c, f, text)
	}
	var keys []member.Key
	var of []int // the line of each key
	for i, l := range lines {
		if l.Problem == "" {
			keys, of = append(keys, l.Key), append(of, i)
		}
	}
	var answers []coverage.Answer
	if len(keys) > 0 {
		answers, err = s.Coverage.Day(c.Context(), c.Actor, coverage.DayQuery{Keys: keys, Purpose: purpose, Visit: visit})
		if fault.Is(err, fault.Invalid) {
			err = f.Blame(err, lookupPlaces())
			if err == nil {
				return s.dayAgain(c, f, text)
			}
		}
		if fault.Is(err, fault.Internal) { // nothing was looked up, and nothing typed is lost
			c.logCause("a day's list", err)
			f.Fail("members", "Members", "Nothing was looked up: something went wrong on our side. Send the list again, or call the HelpDesk with reference "+c.Reference)
			return c.Show(Page{Status: http.StatusInternalServerError, Title: "Several members at once", Section: "members", Form: f, Body: dayBody(dayForm(c, f, text))})
		}
		if err != nil {
			return err
		}
	}
	return s.showDay(c, f, purpose, lines, answers, of)
}

// dayAgain shows the form with everything that was typed, and what the file
// held, so that it can be mended.
func (s *site) dayAgain(c *Call, f *Form, text string) error {
	return c.Show(Page{Title: "Several members at once", Section: "members", Form: f, Body: dayBody(dayForm(c, f, text))})
}

// showDay shows an answer for each line. The form below keeps the lines that
// have none, to be mended and sent again.
func (s *site) showDay(c *Call, f *Form, purpose access.Purpose, lines []dayLine, answers []coverage.Answer, of []int) error {
	rows := make([]kit.Row, len(lines))
	answered := make([]bool, len(lines))
	for i, l := range lines {
		rows[i] = dayRow(l, "Cannot be read", l.Problem)
	}
	for n, a := range answers {
		i := of[n]
		l := lines[i]
		switch {
		case a.Err == nil:
			rows[i], answered[i] = s.daySheet(l, purpose, a.Sheet), true
		case a.SameAs > 0:
			rows[i], answered[i] = dayRow(l, "Same as line "+strconv.Itoa(lines[of[a.SameAs-1]].No), "It was looked up once."), true
			rows[i].Tone = kit.Plain
		case fault.Is(a.Err, fault.NotFound):
			rows[i] = dayRow(l, "No single member", "Check the line against the card. If the patient is being seen at your office, say so below.")
		case fault.Is(a.Err, fault.Invalid):
			rows[i] = dayRow(l, "Cannot be read", problemsInWords(a.Err))
		case fault.Is(a.Err, fault.Internal):
			s.Log.ErrorContext(c.Context(), "a member of a day could not be looked up", "cause", causeOf(a.Err))
			rows[i] = dayRow(l, "Not answered", "Something went wrong on our side. Send the line again.")
		default:
			rows[i] = dayRow(l, "Not answered", fault.Text(a.Err))
			if m, closed := glass.Member(a.Err); closed {
				rows[i] = dayRow(l, "Under restriction", "It opens for an hour to somebody who gives the reason and proves who she is.")
				rows[i].Cells[dayMember] = kit.Cell{Text: "Open the restricted member", Href: glassHref(m, memberHref(m, purpose))}
			}
		}
	}
	var left []string
	for i, l := range lines {
		if !answered[i] {
			left = append(left, l.Text)
		}
	}
	p := dayForm(c, f, strings.Join(left, "\n"))
	p.Complete = len(left) == 0
	p.Said = count(len(lines)-len(left), "line is", "lines are") + " answered, of " + strconv.Itoa(len(lines)) + ". Each look-up is written down by itself."
	p.Answers = kit.Table{Caption: "Answers for " + c.Today().Long(), Rows: rows,
		Columns: []kit.Column{{Text: "Line", Shrink: true}, {Text: "As typed"}, {Text: "Today"}, {Text: "Member"}, {Text: "Plan"}, {Text: "PCP", Wide: true}}}
	return c.Show(Page{Status: http.StatusOK, Title: "Several members at once", Section: "members", Wide: true, Body: dayBody(p)})
}

func dayTitle(p dayView) string {
	switch {
	case p.Said == "":
		return "Whom to look up"
	case p.Complete:
		return "Look up more"
	}
	return "Lines without an answer"
}

// dayMember is the column of the member.
const dayMember = 3

// dayRow is a line that shows nothing of anybody.
func dayRow(l dayLine, word, why string) kit.Row {
	none := kit.Cell{Text: "—", Muted: true}
	return kit.Row{Tone: kit.Warning, Cells: []kit.Cell{
		{Text: strconv.Itoa(l.No)}, {Text: l.Text, Header: true}, {Text: word, Sub: sentence(why), Strong: true}, none, none, none,
	}}
}

// daySheet is a line that was answered.
func (s *site) daySheet(l dayLine, purpose access.Purpose, sheet coverage.Sheet) kit.Row {
	shows := func(f access.Field) bool { return slices.Contains(sheet.Fields, f) }
	m := sheet.Member
	who := kit.Cell{Text: "Open", Href: memberHref(m.ID, purpose)}
	if shows(access.FieldName) {
		who.Text = m.Name()
	}
	var sub []string
	if shows(access.FieldBirth) {
		sub = append(sub, "born "+m.Birth.US())
	}
	if shows(access.FieldMemberID) {
		sub = append(sub, m.Number)
	}
	who.Sub = strings.Join(sub, " · ")
	covered := kit.Cell{Text: "—", Muted: true}
	tone := kit.Plain
	if shows(access.FieldCoverage) {
		covered = kit.Cell{Text: "Covered", Sub: "since " + sheet.Span.From.US(), Strong: true}
		if !sheet.Covered {
			covered, tone = kit.Cell{Text: "Not covered", Strong: true}, kit.Danger
			switch {
			case sheet.Last != nil:
				covered.Sub = "since " + sheet.Last.To.US()
			case sheet.Next != nil:
				covered.Sub = "until it begins on " + sheet.Next.From.US()
			}
		}
	}
	plan, pcp := kit.Cell{Text: "—", Muted: true}, kit.Cell{Text: "—", Muted: true}
	if sheet.Plan.Name != "" {
		plan = kit.Cell{Text: sheet.Plan.Name}
	}
	if sheet.PCP.NPI != "" {
		pcp = kit.Cell{Text: sheet.PCP.Name, Sub: partySub(string(sheet.PCP.NPI), sheet.PCP.OrgName, sheet.PCP.Phone)}
		if pcp.Text == "" {
			pcp = kit.Cell{Text: "NPI " + string(sheet.PCP.NPI)}
		}
	}
	return kit.Row{Tone: tone, Cells: []kit.Cell{{Text: strconv.Itoa(l.No)}, {Text: l.Text, Header: true}, covered, who, plan, pcp}}
}

var errNoText = errors.New("this file is no text: save it as CSV or as plain text, or paste the lines")

// plainText gives the text of a file, or what is wrong with it. What is not
// UTF-8 is taken for the older encoding of Windows programs.
func plainText(file []byte) (text, problem string) {
	file = bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))
	switch {
	case len(file) > maxDayBytes:
		return "", "The file is larger than the lines of one day. Take those lines only"
	case bytes.ContainsRune(file, 0), bytes.HasPrefix(file, []byte("PK\x03\x04")), bytes.HasPrefix(file, []byte("%PDF")):
		return "", capital(errNoText.Error())
	case utf8.Valid(file):
		return manyLines(string(file)), ""
	}
	runes := make([]rune, len(file))
	for i, b := range file {
		runes[i] = rune(b)
	}
	return manyLines(string(runes)), ""
}
