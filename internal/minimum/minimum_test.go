package minimum_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/minimum"
	"hsconnect/internal/record"
)

func staff(name string, roles ...access.Role) access.Actor {
	return access.Actor{Person: id.Person(name), Username: name, Name: "Name of " + name, Side: access.Plan, Roles: roles, Door: access.DoorWeb}
}

func privacy() access.Actor { return staff("privacy", access.PrivacyOfficer) }
func admin() access.Actor   { return staff("admin", access.PlanAdmin) }

func viewer() access.Actor {
	return access.Actor{Person: "viewer", Username: "viewer", Side: access.Office, Org: "o", Roles: []access.Role{access.Viewer}}
}

// fixture is the service on a database. In it, "admin" and "admin2" belong to
// one person.
type fixture struct {
	*minimum.Service

	t *testing.T
	d *db.DB
}

func each(t *testing.T, fn func(f fixture)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		same := func(_ *db.Tx, a, b id.Person) (bool, error) {
			return strings.TrimSuffix(string(a), "2") == strings.TrimSuffix(string(b), "2"), nil
		}
		fn(fixture{minimum.New(minimum.Deps{DB: d, Same: same}), t, d})
	})
}

func (f fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f fixture) wants(err error, k fault.Kind, part string) {
	f.t.Helper()
	text := fault.Text(err)
	for _, p := range fault.Problems(err) {
		text += " " + p.Path + ": " + p.Text
	}
	if !fault.Is(err, k) || !strings.Contains(text, part) {
		f.t.Errorf("%v %q, want %v with %q", fault.KindOf(err), text, k, part)
	}
}

func (f fixture) fields(who access.Actor, p access.Purpose) []access.Field {
	f.t.Helper()
	var out []access.Field
	f.must(f.d.View(f.t.Context(), func(tx *db.Tx) error {
		var err error
		out, err = minimum.Fields(tx, who, p)
		return err
	}))
	return out
}

func (f fixture) version() int64 {
	f.t.Helper()
	m, err := f.Matrix(f.t.Context(), privacy())
	f.must(err)
	return m.Version
}

// propose proposes that a role no longer sees a fact.
func (f fixture) propose(who access.Actor, r access.Role, without access.Field, ps ...access.Purpose) minimum.ID {
	f.t.Helper()
	fields := slices.DeleteFunc(access.DefaultFields(r), func(x access.Field) bool { return x == without })
	ref, err := f.Propose(f.t.Context(), who, minimum.Wish{Role: r, Purposes: ps, Fields: fields, Version: f.version(), Reason: "the work does not need it"})
	f.must(err)
	return ref
}

func TestAsShippedForEveryRoleAndPurpose(t *testing.T) {
	each(t, func(f fixture) {
		for _, side := range []access.Side{access.Office, access.Plan, access.System} {
			for _, r := range access.Roles(side) {
				who := access.Actor{Person: "p", Side: side, Roles: []access.Role{r}}
				for _, p := range minimum.Purposes() {
					if got := f.fields(who, p); !slices.Equal(got, access.DefaultFields(r)) {
						t.Errorf("%s for %s: %v", r, p, got)
					}
				}
			}
		}
		both := f.fields(staff("x", access.HelpDesk, access.PrivacyOfficer), access.Operations)
		if !slices.Equal(both, access.DefaultFields(access.PrivacyOfficer)) {
			t.Errorf("two roles: %v", both)
		}
		for _, who := range []access.Actor{{}, {Side: access.Plan, Roles: []access.Role{access.Nurse}}, {Person: "p", Side: access.Office, Roles: []access.Role{access.Nurse}}} {
			if got := f.fields(who, access.Payment); got != nil {
				t.Errorf("%+v sees %v", who, got)
			}
		}
		err := f.d.View(t.Context(), func(tx *db.Tx) error {
			_, err := minimum.Fields(tx, viewer(), "")
			return err
		})
		f.wants(err, fault.Invalid, "needed for")
	})
}

// One proposes, another approves; it counts at once, for the purpose alone,
// stays in the history and is an entry of the record.
func TestTwoPeopleChangeTheTable(t *testing.T) {
	each(t, func(f fixture) {
		ctx := t.Context()
		ref := f.propose(privacy(), access.Viewer, access.FieldPCP, access.Treatment)
		if !slices.Contains(f.fields(viewer(), access.Treatment), access.FieldPCP) {
			t.Error("a proposal counts before it is approved")
		}
		f.wants(f.Approve(ctx, privacy(), ref), fault.Forbidden, "takes two people")
		f.must(f.Approve(ctx, admin(), ref))
		if slices.Contains(f.fields(viewer(), access.Treatment), access.FieldPCP) || !slices.Contains(f.fields(viewer(), access.Payment), access.FieldPCP) {
			t.Error("it does not count, or for another purpose too")
		}
		f.wants(f.Approve(ctx, staff("third", access.SecurityOfficer), ref), fault.Conflict, "answered already")
		open, past, err := f.Proposals(ctx, privacy())
		f.must(err)
		if len(open) != 0 || len(past) != 1 || past[0].Version != 1 || past[0].Answer != minimum.Approved || past[0].AnswerName != admin().Name || past[0].Name != privacy().Name ||
			!slices.Equal(past[0].Changes[0].Removed(), []access.Field{access.FieldPCP}) || past[0].Changes[0].Words() != "no longer shows primary care provider" {
			t.Errorf("%+v", past)
		}
		var entries []record.Entry
		f.must(f.d.View(ctx, func(tx *db.Tx) error {
			entries, err = record.Entries(tx, "fields")
			return err
		}))
		if len(entries) != 1 || entries[0].Kind != "fields.changed" || entries[0].Person != admin().Person {
			t.Fatalf("%+v", entries)
		}
		var body struct {
			Reason  string
			Changes []struct{ Was, Becomes []access.Field }
		}
		f.must(json.Unmarshal(entries[0].Body, &body))
		if body.Reason == "" || len(body.Changes) != 1 || len(body.Changes[0].Was) != len(body.Changes[0].Becomes)+1 {
			t.Errorf("the record says %+v", body)
		}
	})
}

// The same person under another account is no second person.
func TestAnotherAccountOfTheSamePersonDoesNotApprove(t *testing.T) {
	each(t, func(f fixture) {
		ref := f.propose(admin(), access.Viewer, access.FieldPCP, access.Treatment)
		f.wants(f.Approve(t.Context(), staff("admin2", access.SecurityOfficer), ref), fault.Forbidden, "no account of hers")
		f.must(f.Approve(t.Context(), privacy(), ref))
	})
}

func TestAccountsOfOnePerson(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		accounts := account.New(account.Deps{DB: d, Argon: account.Params{Memory: 8, Passes: 1, Lanes: 1}})
		make := func(username, name, email string) id.Person {
			p, err := accounts.Create(t.Context(), access.OperatorActor("tester"), account.NewPerson{Username: username, Name: name, Email: email, Password: "violet kettle under gravel", Side: access.Plan, Roles: []access.Role{access.PlanAdmin}})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		a, mail, name, other := make("a.one", "Ada Lovelace", "ada@plan.example"), make("a.two", "A. King", "ADA@plan.example"), make("a.three", "ada  lovelace", ""), make("bea", "Grace Hopper", "grace@plan.example")
		for _, c := range []struct {
			b    id.Person
			want bool
		}{{a, true}, {mail, true}, {name, true}, {other, false}} {
			err := d.View(t.Context(), func(tx *db.Tx) error {
				got, err := account.SamePerson(tx, a, c.b)
				if got != c.want {
					t.Errorf("%s: %v", c.b, got)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		err := d.View(t.Context(), func(tx *db.Tx) error {
			_, err := account.SamePerson(tx, a, "nobody")
			return err
		})
		if err == nil {
			t.Error("an account that there is not is somebody else")
		}
	})
}

// A proposal is refused with the reason when it goes above a ceiling, below a
// floor, tells one fact without the other, or says nothing.
func TestWhatCannotBeProposed(t *testing.T) {
	each(t, func(f fixture) {
		viewer := access.DefaultFields(access.Viewer)
		all := minimum.Purposes()
		for name, c := range map[string]struct {
			who  access.Actor
			wish minimum.Wish
			kind fault.Kind
			part string
		}{
			"a sensitive fact for a viewer": {privacy(), minimum.Wish{Role: access.Viewer, Purposes: all, Fields: append(slices.Clone(viewer), access.FieldMedicare), Reason: "wanted"}, fault.Invalid, "may never be shown to the role viewer. An office may find"},
			"an address for an office":      {privacy(), minimum.Wish{Role: access.Clinician, Purposes: all, Fields: access.Fields(), Reason: "wanted"}, fault.Invalid, "Address may never be shown"},
			"anything for the HelpDesk":     {privacy(), minimum.Wish{Role: access.HelpDesk, Purposes: all, Fields: viewer, Reason: "wanted"}, fault.Invalid, "Choose a role"},
			"the operator":                  {privacy(), minimum.Wish{Role: access.Operator, Purposes: all, Fields: nil, Reason: "wanted"}, fault.Invalid, "Choose a role"},
			"no name":                       {privacy(), minimum.Wish{Role: access.Viewer, Purposes: all, Fields: viewer[1:], Reason: "wanted"}, fault.Invalid, "cannot work without the name"},
			"a plan without coverage":       {privacy(), minimum.Wish{Role: access.Viewer, Purposes: all, Fields: []access.Field{access.FieldName, access.FieldMemberID, access.FieldRequests, access.FieldPlan}, Reason: "wanted"}, fault.Invalid, "Plan tells coverage by itself"},
			"nothing new":                   {privacy(), minimum.Wish{Role: access.Viewer, Purposes: all, Fields: viewer, Reason: "wanted"}, fault.Invalid, "shown already"},
			"no reason":                     {privacy(), minimum.Wish{Role: access.Viewer, Purposes: all, Fields: viewer[:6], Reason: " "}, fault.Invalid, "reason: Give the reason"},
			"two lines of reason":           {privacy(), minimum.Wish{Role: access.Viewer, Purposes: all, Fields: viewer[:6], Reason: "a\nreason"}, fault.Invalid, "on one line"},
			"no purpose":                    {privacy(), minimum.Wish{Role: access.Viewer, Fields: viewer[:6], Reason: "wanted"}, fault.Invalid, "purpose: Choose"},
			"a made-up purpose":             {privacy(), minimum.Wish{Role: access.Viewer, Purposes: []access.Purpose{"FUN"}, Fields: viewer[:6], Reason: "wanted"}, fault.Invalid, "purpose: Choose"},
			"a made-up fact":                {privacy(), minimum.Wish{Role: access.Viewer, Purposes: all, Fields: append(slices.Clone(viewer), "soul"), Reason: "wanted"}, fault.Invalid, "Choose facts from the list"},
			"an old table":                  {privacy(), minimum.Wish{Role: access.Viewer, Purposes: all, Fields: viewer[:11], Version: 7, Reason: "wanted"}, fault.Conflict, "changed by others"},
			"a nurse":                       {staff("n", access.Nurse), minimum.Wish{Role: access.Viewer, Purposes: all, Fields: viewer[:6], Reason: "wanted"}, fault.Forbidden, "change which facts"},
			"the HelpDesk":                  {staff("h", access.HelpDesk), minimum.Wish{Role: access.Viewer, Purposes: all, Fields: viewer[:6], Reason: "wanted"}, fault.Forbidden, "change which facts"},
			"nobody":                        {access.Actor{}, minimum.Wish{}, fault.Unauthenticated, "sign in"},
		} {
			_, err := f.Propose(t.Context(), c.who, c.wish)
			if !fault.Is(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
			f.wants(err, c.kind, c.part)
		}
		open, past, err := f.Proposals(t.Context(), privacy())
		if err != nil || len(open)+len(past) != 0 || f.version() != 0 {
			t.Errorf("something was kept: %v %v %v", open, past, err)
		}
	})
}

func TestAProposalOnAnOlderTableIsStale(t *testing.T) {
	each(t, func(f fixture) {
		ctx := t.Context()
		first := f.propose(privacy(), access.Viewer, access.FieldPCP, minimum.Purposes()...)
		second := f.propose(privacy(), access.Nurse, access.FieldPhone, access.Payment)
		f.must(f.Approve(ctx, admin(), first))
		f.wants(f.Approve(ctx, admin(), second), fault.Conflict, "changed since this was proposed")
		p, err := f.Proposal(ctx, admin(), second)
		if err != nil || !p.Stale || p.Answer != minimum.Waiting {
			t.Errorf("%+v, %v", p, err)
		}
		f.must(f.Refuse(ctx, admin(), second, "it is stale"))
		if f.version() != 1 {
			t.Error("another version")
		}
	})
}

func TestRefuseAndWithdraw(t *testing.T) {
	each(t, func(f fixture) {
		ctx := t.Context()
		ref := f.propose(privacy(), access.Viewer, access.FieldPCP, access.Treatment)
		f.wants(f.Refuse(ctx, admin(), ref, ""), fault.Invalid, "reason")
		f.wants(f.Withdraw(ctx, admin(), ref), fault.Forbidden, "Only the person")
		f.wants(f.Withdraw(ctx, staff("n", access.Nurse), ref), fault.Forbidden, "change which facts")
		f.must(f.Withdraw(ctx, privacy(), ref))
		f.wants(f.Withdraw(ctx, privacy(), ref), fault.Conflict, "answered already")
		f.wants(f.Approve(ctx, admin(), ref), fault.Conflict, "answered already")
		other := f.propose(privacy(), access.Viewer, access.FieldPCP, access.Treatment)
		f.must(f.Refuse(ctx, admin(), other, "offices need it"))
		f.wants(f.Approve(ctx, admin(), "01jdbq3h6m2t9v8x7c5b4a3z21"), fault.NotFound, "no such proposal")
		if f.version() != 0 || !slices.Contains(f.fields(viewer(), access.Treatment), access.FieldPCP) {
			t.Error("the table changed")
		}
		_, past, err := f.Proposals(ctx, privacy())
		if err != nil || len(past) != 2 || past[0].AnswerReason != "offices need it" {
			t.Errorf("%+v %v", past, err)
		}
	})
}

// Of two approvals of two proposals at once, one makes the next version and
// the other is told.
func TestTwoApprovalsAtOnce(t *testing.T) {
	each(t, func(f fixture) {
		refs := []minimum.ID{f.propose(privacy(), access.Viewer, access.FieldPCP, access.Treatment), f.propose(privacy(), access.Nurse, access.FieldPhone, access.Payment)}
		var wg sync.WaitGroup
		errs := make([]error, len(refs))
		for i, ref := range refs {
			wg.Go(func() { errs[i] = f.Approve(t.Context(), admin(), ref) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !fault.Is(err, fault.Conflict) {
				t.Error(err)
			}
		}
		if won != 1 || f.version() != 1 {
			t.Errorf("%d won, version %d: %v", won, f.version(), errs)
		}
	})
}

// What was proposed and answered can never be changed.
func TestTheHistoryIsAppendOnly(t *testing.T) {
	each(t, func(f fixture) {
		f.must(f.Approve(t.Context(), admin(), f.propose(privacy(), access.Viewer, access.FieldPCP, access.Treatment)))
		for _, table := range []string{"minimum_proposal", "minimum_change", "minimum_answer", "minimum_version"} {
			for _, statement := range []string{"delete from " + table, "update " + table + " set proposal = 'x'"} {
				if table == "minimum_proposal" {
					statement = strings.Replace(statement, "proposal = 'x'", "reason = 'x'", 1)
				}
				err := f.d.Update(t.Context(), func(tx *db.Tx) error {
					_, err := tx.Exec(statement)
					return err
				})
				if !db.Refused(err) {
					t.Errorf("%s: %v", statement, err)
				}
			}
		}
	})
}
