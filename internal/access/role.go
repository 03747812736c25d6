package access

import (
	"slices"
	"strings"

	"hsconnect/internal/fault"
)

// Role is what somebody works as. The text is shown and stored.
type Role string

// The roles of an office.
const (
	LocalAdmin Role = "local administrator"
	Requester  Role = "requester"
	Viewer     Role = "viewer"
	Clinician  Role = "clinician"
)

// The roles of the plan.
const (
	Intake            Role = "intake"
	Nurse             Role = "nurse reviewer"
	MedicalDirector   Role = "medical director"
	ProviderRelations Role = "provider relations"
	HelpDesk          Role = "help desk"
	PrivacyOfficer    Role = "privacy officer"
	SecurityOfficer   Role = "security officer"
	PlanAdmin         Role = "plan administrator"
)

// The roles that nobody signs in with.
const (
	Operator Role = "operator" // whoever runs a command on the plan's machine
	Machine  Role = "system"   // the portal itself
)

// Permission is one thing that a role allows.
type Permission string

// The permissions.
const (
	LookUpMember        Permission = "look up members"
	ViewRequests        Permission = "view requests"
	SubmitRequests      Permission = "submit requests"
	SendMessages        Permission = "send messages"
	ReadDocuments       Permission = "read documents"
	WorkCases           Permission = "work on cases"
	DecideFavorably     Permission = "approve requests"
	DecideAdversely     Permission = "deny requests"
	ImportData          Permission = "import data"
	ManageAccounts      Permission = "manage accounts"
	ReadRecord          Permission = "read the official record"
	ReadDisclosures     Permission = "read who saw what"
	PublishAgreement    Permission = "publish the user agreement"
	ManageOffice        Permission = "manage the people of an office"
	ManageOrganizations Permission = "admit organizations"
	SuspendAccess       Permission = "suspend and reinstate access"
	TuneRules           Permission = "tune the rules of automatic suspension"
	ViewClaims          Permission = "view claims"
	ViewPanel           Permission = "view the panel"
	PrintCopy           Permission = "print the one copy"
	BreakGlass          Permission = "open a restricted member"
	ReviewPrivacy       Permission = "review what touches privacy"
	ManageFields        Permission = "change which facts a role sees"
)

// grant is one line of the table of roles.
type grant struct {
	role    Role
	side    Side
	permits []Permission
}

// grants is the table of roles: what is not in it is refused. Requesting and
// inquiring are separate, as is deciding for and against (C-21: only a
// physician denies; the licence itself is judged where the decision is made).
func grants() []grant {
	return []grant{
		{LocalAdmin, Office, []Permission{LookUpMember, ViewRequests, SubmitRequests, SendMessages, ReadDocuments, ManageOffice, ViewClaims, ViewPanel, PrintCopy, BreakGlass}},
		{Requester, Office, []Permission{LookUpMember, ViewRequests, SubmitRequests, SendMessages, ReadDocuments, ViewClaims, ViewPanel, PrintCopy, BreakGlass}},
		{Clinician, Office, []Permission{LookUpMember, ViewRequests, SubmitRequests, SendMessages, ReadDocuments, ViewClaims, ViewPanel, PrintCopy, BreakGlass}},
		{Viewer, Office, []Permission{LookUpMember, ViewRequests, ViewClaims, ViewPanel, PrintCopy}},

		{Intake, Plan, []Permission{LookUpMember, ViewRequests, SendMessages, ReadDocuments, WorkCases, PrintCopy, BreakGlass}},
		{Nurse, Plan, []Permission{LookUpMember, ViewRequests, SendMessages, ReadDocuments, WorkCases, DecideFavorably, PrintCopy, BreakGlass}},
		{MedicalDirector, Plan, []Permission{LookUpMember, ViewRequests, SendMessages, ReadDocuments, WorkCases, DecideFavorably, DecideAdversely, PrintCopy, BreakGlass}},
		{PlanAdmin, Plan, []Permission{ImportData, ManageAccounts, PublishAgreement, ManageOrganizations, SuspendAccess, TuneRules, ManageFields}},
		{HelpDesk, Plan, []Permission{ManageAccounts, SuspendAccess}},
		{PrivacyOfficer, Plan, []Permission{ReadRecord, ReadDisclosures, SuspendAccess, ReviewPrivacy, ManageFields}},
		{SecurityOfficer, Plan, []Permission{ReadDisclosures, SuspendAccess, TuneRules, ManageFields}},
		{ProviderRelations, Plan, []Permission{ManageOrganizations}},

		{Operator, System, []Permission{ImportData, ManageAccounts, ReadRecord, PublishAgreement, ManageOrganizations, SuspendAccess}},
		{Machine, System, []Permission{ImportData, PublishAgreement, SuspendAccess}},
	}
}

// table is grants, made once: a right is asked for many times a request. It is
// never changed.
var table = grants()

func (r Role) grant() (grant, bool) {
	i := slices.IndexFunc(table, func(g grant) bool { return g.role == r })
	if i < 0 {
		return grant{}, false
	}
	return table[i], true
}

// Side says where a role belongs; 0 for a text that is no role.
func (r Role) Side() Side {
	g, _ := r.grant()
	return g.side
}

// Permits reports whether the role alone allows p.
func (r Role) Permits(p Permission) bool {
	g, _ := r.grant()
	return slices.Contains(g.permits, p)
}

// Roles gives the roles of one side, in the order they are offered.
func Roles(s Side) []Role {
	var out []Role
	for _, g := range grants() {
		if g.side == s {
			out = append(out, g.role)
		}
	}
	return out
}

// ParseRole reads a role as it is written; spaces around it and case do not matter.
func ParseRole(text string) (Role, error) {
	r := Role(strings.ToLower(strings.Join(strings.Fields(text), " ")))
	if r.Side() == 0 {
		return "", fault.New(fault.Invalid, "There is no such role")
	}
	return r, nil
}

// Permissions gives every permission there is.
func Permissions() []Permission {
	return []Permission{
		LookUpMember, ViewRequests, SubmitRequests, SendMessages, ReadDocuments, WorkCases, DecideFavorably,
		DecideAdversely, ImportData, ManageAccounts, ReadRecord, ReadDisclosures, PublishAgreement,
		ManageOffice, ManageOrganizations, SuspendAccess, TuneRules, ViewClaims, ViewPanel, PrintCopy, BreakGlass,
		ReviewPrivacy, ManageFields,
	}
}

// Has reports whether one of the actor's roles allows p. Roles of another
// side than the actor's own are as if they were not there.
func (a Actor) Has(p Permission) bool {
	if a.Person == "" {
		return false
	}
	return slices.ContainsFunc(a.Roles, func(r Role) bool { return r.Side() == a.Side && r.Permits(p) })
}

// Is reports whether the actor has the role, on the actor's own side.
func (a Actor) Is(r Role) bool {
	return a.Person != "" && r.Side() == a.Side && slices.Contains(a.Roles, r)
}

// May gives nil when the actor has p. Otherwise it gives fault.Unauthenticated
// for nobody, and fault.Forbidden with what is missing and whom to ask.
func (a Actor) May(p Permission) error {
	switch {
	case a.Has(p):
		return nil
	case a.Person == "":
		return fault.New(fault.Unauthenticated, "Please sign in first")
	case !known(p):
		return fault.New(fault.Forbidden, "Nobody may do this")
	}
	return fault.New(fault.Forbidden, "Your account may not "+string(p)+". "+a.whomToAsk(p))
}

func known(p Permission) bool { return slices.Contains(Permissions(), p) }

// whomToAsk names the roles of the actor's side that would help, and who
// gives them; when no role of that side would, it says whose work it is.
func (a Actor) whomToAsk(p Permission) string {
	var helpful []string
	for _, r := range Roles(a.Side) {
		if r.Permits(p) {
			helpful = append(helpful, string(r))
		}
	}
	if len(helpful) == 0 {
		return otherSide(a.Side)
	}
	need := "That takes the role " + orList(helpful) + ". "
	switch a.Side {
	case Office:
		return need + "Ask your office's local administrator, or the HelpDesk if your office has none"
	case Plan:
		return need + "Ask a plan administrator, or the HelpDesk"
	case System:
		return need + "Run it as the plan's operator"
	}
	return need + "Ask the HelpDesk"
}

func otherSide(s Side) string {
	switch s {
	case Office:
		return "That is the plan's own work; ask the HelpDesk if you need something done"
	case Plan:
		return "That is the provider offices' own work; ask the HelpDesk if an office needs something done"
	case System:
		return "That is a person's work: sign in to the portal for it"
	}
	return "Ask the HelpDesk"
}

// orList joins words as "a", "a or b", "a, b or c".
func orList(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
