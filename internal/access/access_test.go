package access

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"hsconnect/internal/civil"
	"hsconnect/internal/fault"
)

func actor(s Side, roles ...Role) Actor {
	return Actor{Person: "p", Side: s, Roles: roles}
}

// matrix says, by one letter a permission in the order of Permissions, what
// each role has. A change of the table of roles has to be made here as well.
var matrix = []struct {
	role Role
	side Side
	has  string
}{
	//                          LVSMDWFAIARWPOGSTCPKGVF
	{LocalAdmin, Office /*   */, "yyyyy........y...yyyy.."},
	{Requester, Office /*    */, "yyyyy............yyyy.."},
	{Clinician, Office /*    */, "yyyyy............yyyy.."},
	{Viewer, Office /*       */, "yy...............yyy..."},
	{Intake, Plan /*         */, "yy.yyy.............yy.."},
	{Nurse, Plan /*          */, "yy.yyyy............yy.."},
	{MedicalDirector, Plan /**/, "yy.yyyyy...........yy.."},
	{PlanAdmin, Plan /*      */, "........yy..y.yyy.....y"},
	{HelpDesk, Plan /*       */, ".........y.....y......."},
	{PrivacyOfficer, Plan /* */, "..........yy...y.....yy"},
	{SecurityOfficer, Plan /**/, "...........y...yy.....y"},
	{ProviderRelations, Plan /**/, "..............y........"},
	{Operator, System /*     */, "........yyy.y.yy......."},
	{Machine, System /*      */, "........y...y..y......."},
}

func TestEveryRoleAndPermission(t *testing.T) {
	var listed []Role
	for _, row := range matrix {
		listed = append(listed, row.role)
		if row.role.Side() != row.side {
			t.Errorf("%s is on side %v", row.role, row.role.Side())
		}
		if len(row.has) != len(Permissions()) {
			t.Fatalf("%s: the row has %d letters, there are %d permissions", row.role, len(row.has), len(Permissions()))
		}
		for i, p := range Permissions() {
			want := row.has[i] == 'y'
			for _, side := range []Side{0, Office, Plan, System} {
				a := actor(side, row.role)
				if got := a.Has(p); got != (want && side == row.side) {
					t.Errorf("%s on side %v: Has(%s) = %v", row.role, side, p, got)
				}
				err := a.May(p)
				if a.Has(p) != (err == nil) {
					t.Errorf("%s on side %v: May(%s) = %v", row.role, side, p, err)
				}
				if err != nil && !fault.Is(err, fault.Forbidden) {
					t.Errorf("%s: May(%s) is %v", row.role, p, fault.KindOf(err))
				}
			}
		}
	}
	all := slices.Concat(Roles(Office), Roles(Plan), Roles(System))
	slices.Sort(all)
	slices.Sort(listed)
	if !slices.Equal(all, listed) {
		t.Errorf("roles %v, the matrix has %v", all, listed)
	}
}

func TestNoPermissionIsGrantedTwiceOrUnlisted(t *testing.T) {
	for _, g := range grants() {
		seen := map[Permission]bool{}
		for _, p := range g.permits {
			if seen[p] || !known(p) {
				t.Errorf("%s: %s is listed twice, or not in Permissions", g.role, p)
			}
			seen[p] = true
		}
	}
}

func TestNobodyMayNothing(t *testing.T) {
	for _, p := range Permissions() {
		for _, a := range []Actor{{}, {Side: Plan, Roles: []Role{PlanAdmin, MedicalDirector}}} {
			if a.Has(p) || !fault.Is(a.May(p), fault.Unauthenticated) {
				t.Errorf("%+v: %s: %v", a, p, a.May(p))
			}
		}
	}
	made := actor(Plan, PlanAdmin, "superuser")
	if made.Has("rule the world") || made.May("rule the world") == nil {
		t.Error("an unknown permission was granted")
	}
	if actor(Office, "superuser").Is("superuser") {
		t.Error("an unknown role counts")
	}
}

func TestReasonsNameWhatIsMissingAndWhomToAsk(t *testing.T) {
	for _, c := range []struct {
		who  Actor
		p    Permission
		want []string
	}{
		{actor(Office, Viewer), SubmitRequests, []string{"submit requests", "local administrator, requester or clinician", "Ask your office's local administrator, or the HelpDesk"}},
		{actor(Office, Requester), DecideAdversely, []string{"deny requests", "the plan's own work", "HelpDesk"}},
		{actor(Plan, Nurse), DecideAdversely, []string{"deny requests", "role medical director", "Ask a plan administrator"}},
		{actor(Plan, Nurse), SubmitRequests, []string{"the provider offices' own work"}},
		{OperatorActor("root"), DecideFavorably, []string{"approve requests", "a person's work"}},
		{SystemActor("job"), ManageAccounts, []string{"role operator", "operator"}},
	} {
		got := fault.Text(c.who.May(c.p))
		for _, w := range c.want {
			if !strings.Contains(got, w) {
				t.Errorf("%v, %s: %q lacks %q", c.who.Roles, c.p, got, w)
			}
		}
	}
}

func TestDefaultFieldsAreTheAllowListOfTheRole(t *testing.T) {
	viewer := []Field{FieldName, FieldBirth, FieldMemberID, FieldPlan, FieldCoverage, FieldPCP, FieldCopays, FieldSpent, FieldOther, FieldNeeded, FieldRequests, FieldClaims}
	office := append(slices.Clone(viewer), FieldAmounts)
	want := map[Role][]Field{
		LocalAdmin: office, Requester: office, Clinician: office, Viewer: viewer,
		Intake: Fields(), Nurse: Fields(), MedicalDirector: Fields(), Operator: Fields(),
		PrivacyOfficer: {FieldName, FieldBirth, FieldMemberID, FieldRequests},
	}
	for _, row := range matrix {
		if got := DefaultFields(row.role); !slices.Equal(got, want[row.role]) {
			t.Errorf("%s sees %v", row.role, got)
		}
	}
	if DefaultFields("superuser") != nil {
		t.Error("a role that there is not sees something")
	}
}

// What is shipped lies between floor and ceiling, and the ceiling gives a
// reason for each no (P-01; P-13, 45 CFR 164.522(b)).
func TestTheCeilingOfEveryRole(t *testing.T) {
	never := map[Role][]Field{
		LocalAdmin: {FieldGender, FieldAddress, FieldPhone, FieldLanguage, FieldMedicare}, Requester: {FieldGender, FieldAddress, FieldPhone, FieldLanguage, FieldMedicare},
		Clinician: {FieldGender, FieldAddress, FieldPhone, FieldLanguage, FieldMedicare}, Viewer: {FieldGender, FieldAddress, FieldPhone, FieldLanguage, FieldAmounts, FieldMedicare},
		HelpDesk: Fields(), ProviderRelations: Fields(), SecurityOfficer: Fields(), PlanAdmin: Fields(), Machine: Fields(),
		PrivacyOfficer: {FieldAmounts}, Intake: nil, Nurse: nil, MedicalDirector: nil, Operator: nil,
	}
	for _, row := range matrix {
		for _, f := range Fields() {
			ok, why := Ceiling(row.role, f)
			if ok == slices.Contains(never[row.role], f) {
				t.Errorf("%s, %s: may ever be given: %v", row.role, f, ok)
			}
			if !ok && why == "" {
				t.Errorf("%s, %s: no reason", row.role, f)
			}
			if slices.Contains(DefaultFields(row.role), f) && !ok {
				t.Errorf("%s is shipped with %s, above its ceiling", row.role, f)
			}
			if more, ok := f.Implies(); ok && slices.Contains(DefaultFields(row.role), f) && !slices.Contains(DefaultFields(row.role), more) {
				t.Errorf("%s is shipped with %s and without %s, which it tells", row.role, f, more)
			}
			if Floor(row.role, f) && (!ok || !slices.Contains(DefaultFields(row.role), f)) {
				t.Errorf("%s needs %s and is not shipped with it", row.role, f)
			}
		}
	}
	if ok, _ := Ceiling("superuser", FieldName); ok {
		t.Error("a role that there is not may be given something")
	}
}

func TestInOrder(t *testing.T) {
	if got := InOrder([]Field{FieldPhone, "soul", FieldName, FieldPhone}); !slices.Equal(got, []Field{FieldName, FieldPhone}) {
		t.Errorf("%v", got)
	}
}

// Who has no clinical work sees no clinical content (clause 4; issue: the
// HelpDesk works on accounts only).
func TestHelpDeskSeesNothingClinical(t *testing.T) {
	a := actor(Plan, HelpDesk)
	for _, p := range Permissions() {
		if p != ManageAccounts && p != SuspendAccess && a.Has(p) {
			t.Errorf("the HelpDesk may %s", p)
		}
	}
}

func TestParseRole(t *testing.T) {
	for text, want := range map[string]Role{"requester": Requester, " Plan  Administrator ": PlanAdmin, "NURSE REVIEWER": Nurse} {
		got, err := ParseRole(text)
		if err != nil || got != want {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "root", "requester,viewer", "<b>"} {
		_, err := ParseRole(text)
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLicence(t *testing.T) {
	day := civil.Date{Y: 2026, M: 11, D: 23}
	good := Licence{Number: "MD1", State: "NY", Expires: day, Specialties: []Specialty{Cardiology, InternalMedicine}}
	if !good.Holds(day) || good.Holds(day.AddDays(1)) {
		t.Error("a licence holds until the end of its last day")
	}
	for name, l := range map[string]Licence{
		"none": {}, "no end": {Number: "MD1"},
		"restricted": {Number: "MD1", Expires: day, Restricted: true},
		"no number":  {Expires: day},
	} {
		if l.Holds(day) {
			t.Errorf("%s: holds", name)
		}
	}
	if !good.Fits(Surgery, Cardiology) || good.Fits(Surgery) || good.Fits() {
		t.Error("fits a specialty it has not, or not one it has")
	}
}

func TestSpecialtiesAreListedOnceInOrder(t *testing.T) {
	all := Specialties()
	if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Error("not in order, or one twice")
	}
	if Specialty("").Valid() || Specialty("witchcraft").Valid() || !Oncology.Valid() {
		t.Error("Valid")
	}
}

func TestPurposes(t *testing.T) {
	for _, p := range []Purpose{Treatment, Payment, Operations} {
		if !p.Valid() || p.Words() == Purpose("").Words() {
			t.Errorf("%s is not valid or has no words", p)
		}
	}
	if Purpose("").Valid() || Purpose("treatment").Valid() {
		t.Error("an unknown purpose is valid")
	}
}

func TestSystemSubjectsAreStableAndClean(t *testing.T) {
	a, b := SystemActor("sequencer"), SystemActor("sequencer")
	if a.Person != b.Person || a.Person == SystemActor("import").Person || a.Side != System {
		t.Errorf("%+v", a)
	}
	o := OperatorActor("eve\n<script>' or 1=1" + strings.Repeat("x", 200))
	if strings.ContainsAny(string(o.Person)+o.Username+o.Name, "\n<>'=") || len(o.Person) > 80 {
		t.Errorf("%q", o.Person)
	}
	if OperatorActor("").Person == "operator:" {
		t.Error("an operator without a name")
	}
}

func TestActorsLogAsReferences(t *testing.T) {
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "who", Actor{Person: "p1", Name: "Grace Planted", Username: "planted", OrgTIN: "planted", Side: Office})
	if strings.Contains(strings.ToLower(out.String()), "planted") || !strings.Contains(out.String(), "p1") {
		t.Error(out.String())
	}
}
