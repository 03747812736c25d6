package kit

import "github.com/a-h/templ"

// Head is the top of a page: where from, what it is, what can be done.
type Head struct {
	Back     *Link // "Back to worklist"
	Title    string
	Sub      string          // one quiet line
	Standing *Standing       // status with next step
	Actions  templ.Component // buttons
}

// PanelProps is a titled part of a page.
type PanelProps struct {
	ID      string
	Title   string
	Count   int // shown beside the title when above zero
	Sub     string
	More    *Link // "All requests"
	Level   int   // heading level, 2 (default) or 3
	Tone    Tone
	Flush   bool // content touches the edges: tables, lists
	Private bool // plan staff only: looks unmistakably different
}

func (p PanelProps) id() string { return or(p.ID, slug(p.Title)) }

func (p PanelProps) class() string {
	return classes("hs-panel", when(p.Flush, "hs-panel--flush"), when(p.Private, "hs-panel--private"),
		when(p.Tone != Plain, "hs-panel--"+string(p.Tone)))
}

// AlertProps is a message about the page; children are its text.
type AlertProps struct {
	Tone   Tone
	Title  string
	Slim   bool
	Urgent bool // announced at once (role=alert); else politely when Live
	Live   bool // role=status
}

// Problem is one error, linked to its field.
type Problem struct {
	FieldID string // id of the control; see Field.ID (default "f-" and the name); empty for the whole form
	Text    string // what to do
}

// Task is a line in a band of the home page: who, number, what, by when.
type Task struct {
	Who    string // member
	Number string // authorization number
	Href   string
	What   string // what is wanted
	Kind   string // short word for the sort: "Question", "Refused document", "Draft"
	Icon   string
	Due    *Due
	When   *Moment // for what is past
	Status Status  // or empty
	Fresh  bool
}

// Fact is a name and a value.
type Fact struct {
	Term string
	Text string
	Sub  string
	Body templ.Component // instead of Text
	Code bool
}

// Member is the header of a member's page, to be read out over the phone.
type Member struct {
	Name      string
	BirthDate string // "March 4, 1951 (75)"
	MemberID  string
	Covered   bool
	Untold    bool   // the reader is not told whether; Coverage says so
	Coverage  string // "Sample Advantage Plus, since January 1, 2026"; or since when not
	On        string // "today" or "on November 27, 2026"
	Hint      string // when not covered: what the office can do
	Facts     []Fact // PCP, phone of the plan…
	Recorded  string // "This look-up was recorded: …"
	Actions   templ.Component
}

// Event is one entry of a timeline.
type Event struct {
	At      Moment
	Who     string
	Org     string
	What    string
	Door    string // "portal", "EHR", "clearinghouse", "phone"
	Icon    string
	Detail  string // in people's own words; line breaks are kept
	Link    *Link
	Tone    Tone
	Private bool // plan staff only
}

// Post is one message of a thread.
type Post struct {
	ID        string
	From      string
	Org       string
	At        Moment
	Text      string // in people's own words; line breaks are kept
	Mine      bool   // by the reader's own organization
	Internal  bool   // note among plan staff; must never reach an office
	Fresh     bool
	Documents []Document
	Seen      string // "Opened by the plan, Mon, Nov 23, 2:10 PM ET"
}

// Document is one attachment with what has happened to it.
type Document struct {
	Name    string
	Href    string
	Kind    string // "Stress test report"
	Facts   string // "PDF · 2 pages · 812 KB"
	By      string
	States  []DocumentState
	Refused string // why, and what to do; empty when not refused
	Actions templ.Component
}

// DocumentStep is a station of a document.
type DocumentStep string

// The stations, in order. Refused ends it.
const (
	Received DocumentStep = "Received"
	Scanning DocumentStep = "Being scanned"
	Scanned  DocumentStep = "Scanned"
	Opened   DocumentStep = "Opened by the plan"
	Refused  DocumentStep = "Refused"
)

// DocumentState is a station with its time.
type DocumentState struct {
	Step DocumentStep
	At   *Moment
}

func (s DocumentStep) icon() string {
	switch s {
	case Received:
		return "file_present"
	case Scanning:
		return "hourglass_empty"
	case Scanned:
		return "verified_user"
	case Opened:
		return "visibility"
	case Refused:
		return "cancel"
	}
	return "info"
}

// CheckState is how a point of a checklist stands.
type CheckState string

// The states.
const (
	CheckDone    CheckState = "Done"
	CheckMissing CheckState = "Missing"
	CheckHelpful CheckState = "Helpful"
)

func (s CheckState) icon() string {
	switch s {
	case CheckDone:
		return "check"
	case CheckMissing:
		return "priority_high"
	case CheckHelpful:
		return "add"
	}
	return "info"
}

// Check is one point of a checklist.
type Check struct {
	State CheckState
	Text  string
	Rule  string // which rule asks for it
	Href  string // "#f-…": where it is done
	Note  string // page reference, name of the document
}

// TabLink is a tab that is an ordinary link.
type TabLink struct {
	Text    string
	Href    string
	Count   int
	Current bool
}

// Chip is a filter with how many rows it holds.
type Chip struct {
	Text  string
	Href  string
	Count int
	On    bool
}

// EmptyProps teaches what will be here and the one thing to do now.
type EmptyProps struct {
	Title string
	Text  string
	Do    *Link
}

// Pages is the foot of a long list.
type Pages struct {
	Text     string // "1–30 of 412"
	Previous string // address, empty on the first page
	Next     string // address, empty on the last page
}

// ReceiptProps is what a submission gets.
type ReceiptProps struct {
	Title    string // "Request received"
	Number   string
	Received Moment
	Due      Due
	Facts    []Fact
	Next     []string // what happens now, in order
	Actions  templ.Component
	Again    bool // the same submission was sent twice: this is the first receipt
}

// LineView is a service line with what was asked and what was granted.
type LineView struct {
	N          int
	Code       string
	Service    string // in words
	Detail     string // modifiers, place of service
	Requested  string // "6 units · Dec 1 – Dec 31, 2026"
	Authorized string // the same for what was granted; empty while open
	Status     Status
	Denial     *Denial
}

// Denial says why a line was not approved and what can be done.
type Denial struct {
	Reason    string
	Criterion string // which criterion was not met
	Narrative string // the physician's own words
	Read      string // what was read
	Change    string // what would change the decision
	AppealBy  *Due
	Appeal    *Link
	By        string
}

// Change is one difference between what somebody typed and what is there now.
type Change struct {
	Field  string
	Yours  string
	Theirs string
}

// ConflictProps tells that somebody else was first (409).
type ConflictProps struct {
	Title   string // "This draft was changed while you were typing"
	Who     string
	At      Moment
	Changes []Change
}

// ReviewProps is the page of a plan's case: three columns at 1280 px and
// wider, one under the other below that with tabs on top.
type ReviewProps struct {
	Number   string
	Member   string
	Standing Standing
	Due      Due
	Back     *Link
	Actions  templ.Component
	Asked    templ.Component // left
	Evidence templ.Component // middle
	Decision templ.Component // right
}

// CaseProps is the top of an office's case page.
type CaseProps struct {
	Number     string
	Member     string
	MemberHref string // address of the member's page
	What       string // "Outpatient · standard · Cardiac rehabilitation"
	Standing   Standing
	Back       *Link
	Actions    templ.Component
}

// FailureProps is a page that says no, or that something went wrong.
type FailureProps struct {
	Title     string
	Text      string
	Reference string // to read out to the HelpDesk
	Do        []Link
}

// SaveNote is the line that says how a draft stands.
type SaveNote struct {
	Text string // "Saved 4:12 PM — draft, not submitted"
}

// GridColumn is a column of a LineGrid.
type GridColumn struct {
	Text string
	Hint string
	Wide bool
}

// GridRow is one line of a LineGrid. Each cell is a Field or a Select; its
// label is its column and line number.
type GridRow struct {
	Cells  []GridCell
	Remove *ButtonProps
}

// GridCell is one control of a GridRow. Options make it a select.
type GridCell struct {
	Field   Field
	Options []Option
	Note    string // what a code means, once found
}
