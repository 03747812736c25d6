package privacy

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/provider"
)

// Reading is which disclosures are told.
type Reading string

// The readings.
const (
	// ByLaw leaves out what 45 CFR 164.528(a)(1) leaves out: nearly everything
	// that the portal shows is for treatment, payment or operations.
	ByLaw Reading = "accounting"
	// Everything is every showing to anybody, and every refused attempt.
	Everything Reading = "everything"
)

// Marks of a line.
const (
	MarkGlass   = "break-glass"
	MarkRefused = "refused, nothing shown"
)

// Line is one disclosure, in the words of an accounting (45 CFR 164.528(b)(2)).
type Line struct {
	At        time.Time // of a look in the portal; zero outside
	On        civil.Date
	Recipient string
	Person    string // who, of the recipient, where the portal knows
	Address   string
	What      string
	Purpose   string
	Basis     disclosure.Basis
	Mark      string // break-glass or refused, or ""

	Look    *disclosure.Row     // the line of the ledger
	Outside *disclosure.Outside // or what staff wrote down
}

// Account is an accounting of one member.
type Account struct {
	Case    Case
	Who     member.Member
	Reading Reading
	From    civil.Date // the first day
	Until   time.Time
	Lines   []Line // newest first
	More    int    // lines before these that are too many for one answer
	Held    int    // lines left out on an agency's word: never told to the member
	Plan    string
	At      time.Time
}

// accountMost is how many lines of the ledger one accounting gives. A member
// has some hundred a year.
const accountMost = 20_000

// Account gives the accounting of a case, or every showing, from six years
// before the request until the request, and writes down that it was read. shows are the
// member's own facts that the caller shows: name, birth date and member ID
// where it names none.
func (s *Service) Account(ctx context.Context, who access.Actor, ref ID, r Reading, shows ...access.Field) (a Account, err error) {
	err = who.May(access.ReadDisclosures)
	if err != nil {
		return Account{}, err
	}
	if r != ByLaw && r != Everything {
		return Account{}, fault.New(fault.NotFound, "There is no such accounting")
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		c, err := caseOf(tx, who, ref, 0)
		if err != nil {
			return err
		}
		if c.Kind != Accounting && c.Kind != Access {
			return fault.New(fault.Conflict, "This request is not about who was shown what")
		}
		m, err := show(tx, who, "accounting/"+string(ref), c, shows...)
		if err != nil {
			return err
		}
		a, err = s.account(tx, who, c, r)
		a.Who = m
		return err
	})
	return a, err
}

// account gathers the lines of the six years before the request, as they are
// known now; what is held back goes by the time now.
func (s *Service) account(tx *db.Tx, who access.Actor, c Case, r Reading) (Account, error) {
	asked := civil.Of(c.Received, s.Zone)
	a := Account{Case: c, Reading: r, From: disclosure.LookBack(asked), Until: c.Received, Plan: s.Plan, At: tx.Now}
	outside, err := disclosure.OutsideOf(tx, who, c.Member, a.From, asked)
	if err != nil {
		return Account{}, err
	}
	for _, o := range outside {
		switch {
		case o.Withdrawn != "" || r == ByLaw && o.Basis.Exempt():
		case tx.Now.Before(o.Suspended):
			a.Held++
		default:
			a.Lines = append(a.Lines, outsideLine(o))
		}
	}
	if r == Everything {
		err = s.looks(tx, who, c, &a)
		if err != nil {
			return Account{}, err
		}
	}
	slices.SortStableFunc(a.Lines, func(x, y Line) int {
		return cmp.Or(y.On.Compare(x.On), y.At.Compare(x.At))
	})
	return a, nil
}

func outsideLine(o disclosure.Outside) Line {
	return Line{On: o.On, Recipient: o.Recipient, Address: o.Address, What: o.Description, Purpose: o.Purpose, Basis: o.Basis, Outside: &o}
}

// looks adds what the portal itself showed.
func (s *Service) looks(tx *db.Tx, who access.Actor, c Case, a *Account) error {
	addresses := map[id.Organization]string{}
	n := 0
	err := disclosure.Walk(tx, who, c.Member, a.From.In(s.Zone), a.Until.Add(time.Microsecond), func(r disclosure.Row) error {
		if r.Outcome == disclosure.NotFound {
			return nil
		}
		n++
		if n > accountMost {
			a.More++
			return nil
		}
		a.Lines = append(a.Lines, s.lookLine(r))
		addresses[r.Org] = ""
		return nil
	})
	if err != nil {
		return err
	}
	for org := range addresses {
		addresses[org], err = addressOf(tx, org)
		if err != nil {
			return err
		}
	}
	for i := range a.Lines {
		if a.Lines[i].Look != nil {
			a.Lines[i].Address = addresses[a.Lines[i].Look.Org]
		}
	}
	return nil
}

func addressOf(tx *db.Tx, org id.Organization) (string, error) {
	if org == "" {
		return "", nil
	}
	o, err := provider.OrganizationOf(tx, org)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	if err != nil || o.Street == "" {
		return "", err
	}
	return o.Street + ", " + o.City + ", " + o.State + " " + o.Zip, nil
}

func (s *Service) lookLine(r disclosure.Row) Line {
	if r.Subject == outsideSubject {
		// That the desk was busy with disclosures outside would say that there
		// are some, where an agency holds them back (P-11).
		r.Subject = openSubject
	}
	l := Line{At: r.At, On: civil.Of(r.At, s.Zone), Recipient: r.OrgName, Person: r.Name, What: describe(r), Purpose: r.Purpose.Words(),
		Basis: disclosure.CareAndPayment, Look: &r}
	if r.Org == "" {
		l.Recipient = s.Plan + " (the plan's own staff)"
	}
	switch {
	case r.Outcome == disclosure.Refused:
		l.Mark = MarkRefused
	case strings.HasPrefix(r.Tie, "glass/"):
		l.Mark = MarkGlass
	}
	return l
}

// describe says what a line of the ledger is about, in words.
func describe(r disclosure.Row) string {
	what, _, _ := strings.Cut(r.Subject, "/")
	thing, known := things()[what]
	if !known {
		thing = "Opened: " + what
	}
	if r.Outcome == disclosure.Refused {
		return thing + " (asked for, not shown)"
	}
	if len(r.Fields) == 0 {
		return thing
	}
	words := make([]string, len(r.Fields))
	for i, f := range r.Fields {
		words[i] = string(f)
	}
	return thing + ": " + strings.Join(words, ", ")
}

// things names the subjects of looks for people.
func things() map[string]string {
	return map[string]string{
		"member": "The member's page", "request": "An authorization request", "draft": "A draft of a request", "draft list": "A list of drafts",
		"document": "A document", "record": "The official record of a request", "ledger": "Who was shown what", "accounting": "An accounting of disclosures",
		"privacy": "A request under the privacy rule", openSubject: "A request under the privacy rule", "claim": "A claim", "list": "A list",
		outsideSubject: "Disclosures outside the portal", "visit": "A stated visit",
		"home": "The office's first page", "authorization list": "The list of authorizations", "coverage notices": "Changes of coverage, on the first page",
		"claims": "A list of claims", "print": "A printed copy", "restriction list": "The list of restrictions", "ledger of a person": "What one person opened",
		"panel": "The panel", "preview": "What a role sees", "member requests": "An office’s requests for a member", "notice": "The notice before a document", "glass": "A restricted record that was opened with a reason",
	}
}

// Describe says what a line of the ledger is about, as accountings do.
func Describe(r disclosure.Row) string { return describe(r) }

// deliver gives the lines of an accounting as the record keeps what the member
// was given (45 CFR 164.528(d)(2)).
func (s *Service) deliver(tx *db.Tx, who access.Actor, c Case) ([]map[string]string, error) {
	a, err := s.account(tx, who, c, ByLaw)
	if err != nil {
		return nil, err
	}
	out := make([]map[string]string, len(a.Lines))
	for i, l := range a.Lines {
		out[i] = map[string]string{"on": l.On.String(), "recipient": l.Recipient, "address": l.Address, "what": l.What, "purpose": l.Purpose, "basis": string(l.Basis)}
	}
	return out, nil
}
