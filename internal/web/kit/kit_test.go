package kit

import (
	"bytes"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/a-h/templ"
	"pgregory.net/rapid"
)

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	err := c.Render(t.Context(), &b)
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMomentAt(t *testing.T) {
	ny, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	cases := []struct {
		name string
		at   time.Time
		want string
	}{
		{"winter", time.Date(2026, 11, 27, 21, 59, 0, 0, time.UTC), "Fri, Nov 27, 4:59 PM ET"},
		{"summer", time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC), "Wed, Jul 1, 12:00 AM ET"},
		{"another year", time.Date(2027, 1, 5, 15, 0, 0, 0, time.UTC), "Tue, Jan 5, 2027, 10:00 AM ET"},
		{"the year is the zone's", time.Date(2027, 1, 1, 3, 0, 0, 0, time.UTC), "Thu, Dec 31, 10:00 PM ET"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := MomentAt(c.at, now, ny); got.Text != c.want {
				t.Errorf("got %q, want %q", got.Text, c.want)
			}
		})
	}
	if got := MomentAt(now, now, time.UTC).Text; !strings.HasSuffix(got, " UTC") {
		t.Errorf("UTC is said as it is, got %q", got)
	}
}

func TestSpan(t *testing.T) {
	cases := map[time.Duration]string{
		0:                                "less than a minute",
		59 * time.Second:                 "less than a minute",
		time.Minute:                      "1 min",
		59*time.Minute + 59*time.Second:  "59 min",
		time.Hour:                        "1 h",
		5*time.Hour + 10*time.Minute:     "5 h 10 min",
		24 * time.Hour:                   "1 day",
		51 * time.Hour:                   "2 days 3 h",
		15*24*time.Hour + 3*time.Hour:    "15 days",
		2*24*time.Hour + 20*time.Minute:  "2 days",
		23*time.Hour + 59*time.Minute:    "23 h 59 min",
		13*24*time.Hour + 23*time.Hour:   "13 days 23 h",
		365 * 24 * time.Hour:             "365 days",
		time.Hour + 30*time.Second:       "1 h",
		24*time.Hour + 59*time.Minute:    "1 day",
		100*time.Millisecond + time.Hour: "1 h",
	}
	for d, want := range cases {
		if got := Span(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

func TestDueAt(t *testing.T) {
	start := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	cases := []struct {
		name          string
		whole, passed time.Duration
		urgency       Urgency
		used          int
		relative      string
	}{
		{"just begun", 72 * time.Hour, 0, Calm, 0, "in 3 days"},
		{"before it begins", 72 * time.Hour, -time.Hour, Calm, 0, "in 3 days 1 h"},
		{"half", 72 * time.Hour, 36 * time.Hour, Calm, 50, "in 1 day 12 h"},
		{"last day", 72 * time.Hour, 48 * time.Hour, Soon, 66, "in 1 day"},
		{"last fifth of seven days", 168 * time.Hour, 135 * time.Hour, Soon, 80, "in 1 day 9 h"},
		{"not yet the last fifth", 168 * time.Hour, 130 * time.Hour, Calm, 77, "in 1 day 14 h"},
		{"on the dot", 72 * time.Hour, 72 * time.Hour, Soon, 100, "in less than a minute"},
		{"late", 72 * time.Hour, 74 * time.Hour, Late, 100, "2 h late"},
		{"no length", 0, 0, Soon, 100, "in less than a minute"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := DueAt(start, start.Add(c.whole), start.Add(c.passed), time.UTC)
			if d.Urgency != c.urgency || d.Used != c.used || d.Relative != c.relative {
				t.Errorf("got %s %d %q, want %s %d %q", d.Urgency, d.Used, d.Relative, c.urgency, c.used, c.relative)
			}
		})
	}
}

func TestBytes(t *testing.T) {
	cases := map[int64]string{0: "0 bytes", 999: "999 bytes", 1000: "1 KB", 812_345: "812 KB", 999_499: "999 KB", 999_500: "1 MB", 2_440_000: "2.4 MB", 25_000_000: "25 MB"}
	for n, want := range cases {
		if got := Bytes(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

// No two statuses may look alike without color or be shown without a word.
func TestStatusesDiffer(t *testing.T) {
	shapes := map[string]Status{}
	for _, s := range Statuses() {
		if other, taken := shapes[s.shape()]; taken {
			t.Errorf("%s and %s share a shape", s, other)
		}
		shapes[s.shape()] = s
		if page := render(t, StatusTag(s)); !strings.Contains(page, string(s)) {
			t.Errorf("%s has no word: %s", s, page)
		}
	}
}

// Whatever people type reaches the page as text only.
func TestTypedTextStaysText(t *testing.T) {
	const probe = `"'><script>x</script><b onmouseover=y>`
	moment := Moment{Text: probe, Machine: "2026-11-23T14:10:00Z"}
	parts := map[string]templ.Component{
		"text":     TextField(Field{Name: "a", Label: probe, Value: probe, Hint: probe, Error: probe}),
		"area":     TextArea(Field{Name: "a", Label: "L", Value: "</textarea>" + probe}),
		"select":   Select(Field{Name: "a", Label: "L"}, []Option{{Value: probe, Text: probe, Group: probe}}),
		"radio":    RadioGroup(Field{Name: "a", Label: "L"}, []Option{{Value: probe, Text: probe, Hint: probe}}),
		"table":    DataTable(Table{Caption: probe, Columns: []Column{{Text: probe}}, Rows: []Row{{ID: probe, Cells: []Cell{{Text: probe, Sub: probe, Header: true}}}}}),
		"thread":   Thread([]Post{{ID: probe, From: probe, Org: probe, At: moment, Text: probe}}),
		"timeline": Timeline([]Event{{At: moment, Who: probe, What: probe, Detail: probe, Icon: probe}}),
		"document": DocumentRow(Document{Name: probe, Kind: probe, Facts: probe, Refused: probe}),
		"member":   MemberHeader(Member{Name: probe, BirthDate: probe, MemberID: probe, Coverage: probe}),
		"conflict": DiffConflict(ConflictProps{Title: probe, Who: probe, At: moment, Changes: []Change{{Field: probe, Yours: probe, Theirs: probe}}}),
		"page":     Page(Chrome{Title: probe, Plan: probe, User: &User{Name: probe}, Acting: &Acting{Name: probe}}, Words(probe)),
	}
	for name, part := range parts {
		t.Run(name, func(t *testing.T) {
			page := render(t, part)
			for _, bad := range []string{"<script>x", "<b onmouseover", "</textarea><", `="` + probe[:3]} {
				if strings.Contains(strings.ReplaceAll(page, "</textarea></div>", ""), bad) {
					t.Errorf("%q came through: %s", bad, page)
				}
			}
		})
	}
}

func TestScriptAddressesAreRefused(t *testing.T) {
	for _, page := range []string{
		render(t, Button(ButtonProps{Text: "x", Href: "javascript:alert(1)"})),
		render(t, DataTable(Table{Columns: []Column{{Text: "c"}}, Rows: []Row{{Cells: []Cell{{Text: "x", Href: "javascript:alert(1)"}}}}})),
		render(t, Tabs("x", []TabLink{{Text: "x", Href: "javascript:alert(1)"}})),
	} {
		if strings.Contains(page, "javascript:") {
			t.Errorf("a script address came through: %s", page)
		}
	}
}

func TestFieldSaysWhatItIs(t *testing.T) {
	page := render(t, TextField(Field{Name: "birth-date", Label: "Date of birth", Hint: "Such as 11/27/2026", Error: "Enter a date"}))
	for _, want := range []string{`id="f-birth-date"`, `for="f-birth-date"`, `aria-describedby="f-birth-date-hint f-birth-date-error"`, `aria-invalid="true"`, "required"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in %s", want, page)
		}
	}
	if page := render(t, TextField(Field{Name: "x", Label: "L", Either: true})); strings.Contains(page, "required") || strings.Contains(page, "optional") {
		t.Errorf("one of several is neither required nor optional: %s", page)
	}
	if page := render(t, PasswordField(Field{Name: "p", Label: "Password", Value: "hunter2"})); strings.Contains(page, "hunter2") {
		t.Error("a password is sent back")
	}
}

// The first line break in a text area is eaten by browsers: text that begins
// with one must come back whole.
func TestTextAreaKeepsTheFirstLineBreak(t *testing.T) {
	if page := render(t, TextArea(Field{Name: "x", Label: "L", Value: "\nsecond line"})); !strings.Contains(page, ">\n\nsecond line</textarea>") {
		t.Errorf("lost in %q", page)
	}
}

func TestSlugIsAnID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		got := slug(rapid.String().Draw(t, "words"))
		if got == "" || strings.Trim(got, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.HasPrefix(got, "-") || strings.HasSuffix(got, "-") {
			t.Fatalf("not an id: %q", got)
		}
	})
}

func TestDueNeverLeavesItsBar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "start"), 0)
		due := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "due"), 0)
		now := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "now"), 0)
		d := DueAt(start, due, now, time.UTC)
		if d.Used < 0 || d.Used > 100 || d.Relative == "" || d.At.Text == "" {
			t.Fatalf("%+v", d)
		}
		if (d.Urgency == Late) != now.After(due) {
			t.Fatalf("late when it is not, or not late when it is: %+v", d)
		}
	})
}
