package gallery

import (
	"fmt"
	"time"

	"github.com/a-h/templ"

	"hsconnect/internal/web/kit"
)

const hostile = "<script>alert(1)</script> & “quotes” 🩺"

func actTasks() []kit.Task {
	return []kit.Task{
		{Kind: "Question", Icon: "forum", What: "Please send the stress-test report from October", Who: "Eleanor Whitfield-Castellanos", Number: "A26-114-2093-7", Href: "#", Due: due(40*time.Hour, 7*time.Hour), Fresh: true},
		{Kind: "Document refused", Icon: "cancel", What: "“scan0004.pdf” could not be opened: send it again", Who: "Bernard Achterberg", Number: "A26-114-1998-2", Href: "#", Due: due(6*day, 20*time.Hour)},
		{Kind: "Draft expires", Icon: "edit", What: "Finish or discard: cardiac rehabilitation, 36 sessions", Who: "Nguyễn Thị Hương", Href: "#", Due: due(12*day, 2*day)},
		{Kind: "Sign-off", Icon: "fingerprint", What: "Physician’s statement for an expedited request", Who: "محمد الفاسي", Number: "A26-114-2101-4", Href: "#", Due: due(70*time.Hour, -2*time.Hour)},
	}
}

func dueTasks() []kit.Task {
	return []kit.Task{
		{Status: kit.InReview, What: "Left heart catheterization, outpatient · expedited", Who: "Harold P. Lindqvist", Number: "A26-114-2087-1", Href: "#", Due: due(30*time.Hour, 42*time.Hour)},
		{Status: kit.WaitingForPlan, What: "Home oxygen, 3 months", Who: "Rosa Delgado", Number: "A26-114-2044-9", Href: "#", Due: due(3*day, 4*day)},
		{Status: kit.Submitted, What: "Referral to electrophysiology", Who: "Siobhán O’Connell-Nakamura", Number: "A26-114-2110-3", Href: "#", Due: due(2*time.Hour, 7*day)},
	}
}

func decidedTasks() []kit.Task {
	return []kit.Task{
		{Status: kit.Approved, What: "Echocardiogram with contrast", Who: "Walter Jimenez", Number: "A26-114-1875-0", Href: "#", When: momentIn(-3 * time.Hour), Fresh: true},
		{Status: kit.PartlyApproved, What: "Cardiac rehabilitation, 18 of 36 sessions", Who: "Anneliese Baumgartner", Number: "A26-114-1822-6", Href: "#", When: momentIn(-5 * time.Hour), Fresh: true},
		{Status: kit.Denied, What: "Remote monitoring, 12 months", Who: "T. J. Abernathy", Number: "A26-114-1790-8", Href: "#", When: momentIn(-26 * time.Hour)},
	}
}

func covered() kit.Member {
	return kit.Member{
		Name: "Eleanor Whitfield-Castellanos", BirthDate: "March 4, 1951 (75)", MemberID: "SH4 2098 7716",
		Covered: true, Coverage: "Sample Advantage Plus (HMO), since January 1, 2026",
		Facts: []kit.Fact{
			{Term: "Primary care", Text: "Dr. Amara Osei", Sub: "Lakeside Family Medicine · 555-0119"},
			{Term: "Network", Text: "Riverside Cardiology is in network"},
			{Term: "Other coverage", Text: "None known to the plan"},
		},
		Recorded: "This look-up was recorded: treatment, by Dana Okafor for Riverside Cardiology, Mon, Nov 23, 2:10 PM ET.",
		Actions:  kit.Button(kit.ButtonProps{Text: "New request", Kind: kit.Primary, Href: "/authorizations/new"}),
	}
}

func notCovered() kit.Member {
	return kit.Member{
		Name: "Maximiliana Konstantinopolitanskaya von Hohenzollern-Sigmaringen " + hostile, BirthDate: "July 19, 1944 (82)", MemberID: "SH4 7710 0032",
		Coverage: "coverage ended September 30, 2026",
		Hint:     "Ask the member for a newer card, or check another date of service below. Requests for dates before October 1 are still possible.",
		Recorded: "This look-up was recorded: treatment, by Dana Okafor for Riverside Cardiology, Mon, Nov 23, 2:10 PM ET.",
	}
}

func costShares() kit.Table {
	return kit.Table{
		Caption: "What the member pays, in network", HideCaption: true,
		Columns: []kit.Column{{Text: "Service", Wide: true}, {Text: "Copay", Number: true}, {Text: "Coinsurance", Number: true}, {Text: "Authorization"}},
		Rows: []kit.Row{
			{Cells: []kit.Cell{{Text: "Office visit, primary care", Header: true}, {Text: "$0"}, {Text: "—"}, {Text: "Not needed"}}},
			{Cells: []kit.Cell{{Text: "Office visit, specialist", Header: true}, {Text: "$35"}, {Text: "—"}, {Text: "Referral"}}},
			{Cells: []kit.Cell{{Text: "Outpatient hospital", Header: true}, {Text: "$250"}, {Text: "—"}, {Text: "For some services"}}},
			{Cells: []kit.Cell{{Text: "Durable medical equipment", Header: true}, {Text: "—"}, {Text: "20%"}, {Text: "Over $500"}}},
		},
	}
}

func requestTable() kit.Table {
	row := func(id, number, what string, s kit.Status, next string, d *kit.Due) kit.Row {
		cell := kit.Cell{Text: "—", Muted: true}
		if d != nil {
			cell = kit.Cell{Body: kit.DueCell(*d)}
		}
		return kit.Row{ID: id, Cells: []kit.Cell{
			{Text: number, Href: "#", Header: true}, {Text: what},
			{Body: kit.StatusTag(s), Sub: next}, cell,
		}}
	}
	return kit.Table{
		Caption: "Requests", HideCaption: true, Worklist: true,
		Columns: []kit.Column{{Text: "Number", Shrink: true}, {Text: "Service", Wide: true}, {Text: "Status"}, {Text: "Answer due", Shrink: true, SortHref: "?sort=due", Sorted: kit.Ascending}},
		Rows: []kit.Row{
			row("r1", "A26-114-2093-7", "Cardiac rehabilitation, 36 sessions", kit.WaitingForYou, "send the stress-test report", due(40*time.Hour, 7*time.Hour)),
			row("r2", "A26-114-2044-9", "Home oxygen, 3 months", kit.InReview, "with a nurse since Friday", due(3*day, 4*day)),
			row("r3", "A26-113-0871-5", "Left heart catheterization", kit.Approved, "valid until Jan 31, 2027", nil),
			row("r4", "A26-098-5520-1", hostile, kit.Denied, "appeal open until Jan 12, 2027", nil),
		},
	}
}

func checks() []kit.Check {
	return []kit.Check{
		{State: kit.CheckDone, Text: "Member covered on the date of service"},
		{State: kit.CheckDone, Text: "Diagnosis"},
		{State: kit.CheckMissing, Text: "Units for line 2", Href: "#f-line-2-units"},
		{State: kit.CheckMissing, Text: "Stress-test report of the last 12 months", Href: "#f-documents", Rule: "Policy CR-4, cardiac rehabilitation"},
		{State: kit.CheckMissing, Text: "Physician’s statement on urgency", Href: "#f-statement", Rule: "42 CFR 422.570(c)(2)(ii)"},
		{State: kit.CheckHelpful, Text: "Discharge summary", Rule: "Policy CR-4: often answers the nurse’s first question"},
	}
}

func gridColumns() []kit.GridColumn {
	return []kit.GridColumn{
		{Text: "Service code", Hint: "code or words", Wide: true}, {Text: "Modifiers"}, {Text: "Units"},
		{Text: "From"}, {Text: "To"}, {Text: "Place"},
	}
}

func gridRows(bad bool) []kit.GridRow {
	places := func(sel string) []kit.Option {
		return []kit.Option{
			{Value: "", Text: "Choose"}, {Value: "11", Text: "11 Office", Selected: sel == "11"},
			{Value: "22", Text: "22 Outpatient hospital", Selected: sel == "22"}, {Value: "12", Text: "12 Home"},
		}
	}
	line := func(n int, code, note, units, from, to, place string) kit.GridRow {
		name := func(s string) string { return fmt.Sprintf("line-%d-%s", n, s) }
		return kit.GridRow{
			Cells: []kit.GridCell{
				{Field: kit.Field{Name: name("code"), Value: code, Code: true}, Note: note},
				{Field: kit.Field{Name: name("mods"), Optional: true, Code: true, Width: kit.W8}},
				{Field: kit.Field{Name: name("units"), Value: units, InputMode: "numeric", Width: kit.W4}},
				{Field: kit.Field{Name: name("from"), Value: from, Width: kit.W12}},
				{Field: kit.Field{Name: name("to"), Value: to, Width: kit.W12}},
				{Field: kit.Field{Name: name("place")}, Options: places(place)},
			},
			Remove: &kit.ButtonProps{Text: "Remove", Kind: kit.Quiet, Small: true, Describe: fmt.Sprintf("line %d", n), Name: "remove", Value: fmt.Sprint(n), FormAction: "/authorizations/drafts/7/lines"},
		}
	}
	out := []kit.GridRow{
		line(1, "S9472", "Cardiac rehabilitation program, per visit", "36", "12/01/2026", "02/28/2027", "22"),
		line(2, "E0431", "Portable gaseous oxygen system, rental", "", "12/01/2026", "11/15/2026", ""),
	}
	if bad {
		out[1].Cells[2].Field.Error = "Enter how many, at least 1"
		out[1].Cells[4].Field.Error = "Ends before it starts"
	}
	return out
}

func documents() []kit.Document {
	return []kit.Document{
		{Name: "stress-test-2026-10-14.pdf", Href: "#", Kind: "Stress test report", Facts: "PDF · 4 pages · 812 KB", By: "Dana Okafor", States: []kit.DocumentState{{Step: kit.Received, At: momentIn(-26 * time.Hour)}, {Step: kit.Scanned, At: momentIn(-26 * time.Hour)}, {Step: kit.Opened, At: momentIn(-2 * time.Hour)}}},
		{Name: "a-very-long-file-name-that-somebody-scanned-and-never-renamed-" + "0000000000000000000000000001.tiff", Href: "#", Kind: "Clinical notes", Facts: "TIFF · 12 pages · 6.4 MB", By: "Dr. Priya Raman", States: []kit.DocumentState{{Step: kit.Received, At: momentIn(-time.Hour)}, {Step: kit.Scanning}}},
		{Name: "scan0004.pdf", Facts: "64 KB", By: "Dana Okafor", Refused: "This is not a PDF although its name says so. Save it as PDF or PNG and send it again.", States: []kit.DocumentState{{Step: kit.Received, At: momentIn(-20 * time.Hour)}, {Step: kit.Refused, At: momentIn(-20 * time.Hour)}}},
	}
}

func lines() []kit.LineView {
	return []kit.LineView{
		{N: 1, Code: "S9472", Service: "Cardiac rehabilitation program, per visit", Detail: "Outpatient hospital (22)", Requested: "36 units · Dec 1, 2026 – Feb 28, 2027", Authorized: "18 units · Dec 1, 2026 – Jan 15, 2027", Status: kit.PartlyApproved},
		{N: 2, Code: "E0431", Service: "Portable gaseous oxygen system, rental", Detail: "Home (12)", Requested: "3 units · Dec 1, 2026 – Feb 28, 2027", Authorized: "none", Status: kit.Denied, Denial: &kit.Denial{
			Reason: "The records do not show the need for oxygen at home.", Criterion: "OX-2: resting saturation of 88% or less, measured within 30 days",
			Read: "Clinical notes of Nov 12 (p. 2), stress test of Oct 14 (p. 4)", Change: "A saturation measured at rest after Nov 1, or during sleep",
			Narrative: "Saturation at rest was 93% on October 14.\nNo later measurement was sent. The exercise value alone does not meet OX-2.",
			By:        "Dr. Leopold Stein, cardiology, medical director", AppealBy: due(0, 65*day), Appeal: &kit.Link{Text: "Appeal this line", Href: "#"},
		}},
	}
}

func posts(internal bool) []kit.Post {
	out := []kit.Post{
		{ID: "m1", From: "Marisol Vega, RN", Org: "Sample Health Advantage", At: ago(26 * time.Hour), Text: "Please send the stress-test report from October.\nIf there was none, tell us why."},
		{ID: "m2", From: "Dana Okafor", Org: "Riverside Cardiology", At: ago(25 * time.Hour), Text: "Here it is. " + hostile + "\nتقرير اختبار الجهد مرفق.", Mine: true, Documents: documents()[:1], Seen: "Opened by the plan, Mon, Nov 23, 12:10 PM ET"},
	}
	if internal {
		out[0].Mine, out[1].Mine = true, false
		out = append(out, kit.Post{ID: "m3", From: "Marisol Vega, RN", At: ago(time.Hour), Text: "Saturation on p. 4 is exercise only. Asking Dr. Stein.", Internal: true, Fresh: true})
	}
	return out
}

func events(private bool) []kit.Event {
	out := []kit.Event{
		{At: ago(2 * time.Hour), What: "Decided: line 1 partly approved, line 2 denied", Who: "Dr. Leopold Stein", Org: "Sample Health Advantage", Icon: "half", Link: &kit.Link{Text: "Letter of Nov 23", Href: "#"}},
		{At: ago(25 * time.Hour), What: "Answered, with a document", Who: "Dana Okafor", Org: "Riverside Cardiology", Door: "portal", Icon: "forum"},
		{At: ago(26 * time.Hour), What: "Question to the office", Who: "Marisol Vega, RN", Icon: "flag", Tone: kit.Warning, Detail: "Please send the stress-test report from October."},
		{At: ago(40 * time.Hour), What: "Submitted", Who: "Dana Okafor", Org: "Riverside Cardiology", Door: "portal", Icon: "send"},
	}
	if private {
		out = append([]kit.Event{{At: ago(time.Hour), What: "Referred to a physician", Who: "Marisol Vega, RN", Private: true, Icon: "lock", Detail: "Line 2 does not meet OX-2."}}, out...)
	}
	return out
}

func chips() []kit.Chip {
	return []kit.Chip{
		{Text: "All open", Href: "?", Count: 412}, {Text: "Mine", Href: "?f=mine", Count: 18, On: true}, {Text: "Unassigned", Href: "?f=none", Count: 96},
		{Text: "Expedited", Href: "?f=expedited", Count: 23}, {Text: "Due today", Href: "?f=today", Count: 41}, {Text: "Overdue", Href: "?f=late", Count: 2},
		{Text: "Waiting for the office", Href: "?f=office", Count: 57}, {Text: "Needs a physician", Href: "?f=md", Count: 9},
	}
}

func workTable() kit.Table {
	services := []string{"Cardiac rehabilitation, 36 sessions", "Home oxygen, 3 months", "Left heart catheterization", "Inpatient admission, hip replacement", "Power wheelchair, group 3", "MRI lumbar spine without contrast", "Referral to electrophysiology", "Skilled nursing, 14 days"}
	offices := []string{"Riverside Cardiology", "Lakeside Family Medicine", "St. Brigid Orthopedic and Sports Medicine Associates", "Northgate Imaging", "Harbor Home Health"}
	people := []string{"E. W.-C.", "B. A.", "H. L.", "Rosa Delgado", "T. J. A.", "W. J."}
	owners := []string{"Marisol Vega", "—", "You", "Dr. Stein"}
	states := []kit.Status{kit.Submitted, kit.InReview, kit.WaitingForPlan, kit.WaitingForYou, kit.InReview}
	rows := make([]kit.Row, 0, 30)
	for i := range 30 {
		left := time.Duration(i*i*11-90) * time.Minute
		total, urgency := 7*day, "Standard"
		if i%4 == 0 {
			total, urgency = 3*day, "Expedited"
		}
		d := due(total-left, left)
		tone := kit.Plain
		if d.Urgency == kit.Late {
			tone = kit.Danger
		}
		number := fmt.Sprintf("A26-114-%04d-%d", 2093-i*7, i%10)
		rows = append(rows, kit.Row{ID: number, Tone: tone, Fresh: i == 3, Cells: []kit.Cell{
			{Body: kit.DueCell(*d)}, {Text: number, Href: "/plan/cases/" + number, Header: true, Sub: []string{"Outpatient", "Inpatient", "Referral"}[i%3]},
			{Text: urgency, Strong: urgency == "Expedited"}, {Text: people[i%len(people)]}, {Text: services[i%len(services)]},
			{Text: offices[i%len(offices)]}, {Body: kit.StatusTag(states[i%len(states)])}, {Text: owners[i%len(owners)], Sub: fmt.Sprintf("%d h old", (i+1)*5)},
			{Body: kit.Button(kit.ButtonProps{Text: "Take", Small: true, Key: "t", Describe: number, Name: "take", Value: number})},
		}})
	}
	return kit.Table{
		ID: "cases", Caption: "Cases, the next due first", HideCaption: true, Worklist: true, Sticky: true, Rows: rows,
		Columns: []kit.Column{
			{Text: "Due", Shrink: true, SortHref: "?sort=due", Sorted: kit.Ascending}, {Text: "Number", Shrink: true, SortHref: "?sort=number"}, {Text: "Urgency", Shrink: true, SortHref: "?sort=urgency"},
			{Text: "Member", Shrink: true}, {Text: "Service"}, {Text: "Office"}, {Text: "State", Shrink: true},
			{Text: "Owner, age", Shrink: true, SortHref: "?sort=age"}, {Text: "Action", HideText: true, Shrink: true},
		},
	}
}

func urgencyOptions(sel string) []kit.Option {
	return []kit.Option{
		{Value: "standard", Text: "Standard", Hint: "Answered within 7 days.", Selected: sel == "standard"},
		{Value: "expedited", Text: "Expedited", Hint: "Answered within 72 hours. Only when waiting could seriously jeopardize life, health, or the ability to regain maximum function.", Selected: sel == "expedited"},
	}
}

func all(parts ...templ.Component) templ.Component { return templ.Join(parts...) }

func dueWithRule() *kit.Due {
	d := due(40*time.Hour, 32*time.Hour)
	d.Rule = "72 hours from receipt, 42 CFR 422.572(a)"
	return d
}

func errorIf(bad bool, text string) string {
	if bad {
		return text
	}
	return ""
}
