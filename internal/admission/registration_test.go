package admission_test

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/admission"
	"hsconnect/internal/fault"
	"hsconnect/internal/job"
)

func wish(username string) admission.NewRegistration {
	return admission.NewRegistration{TIN: "12-3456789", NPI: riverNPI, Name: "Ngọc Trần", Email: username + "@mail.example", Username: username, Password: password,
		Role: access.Requester, Address: "203.0.113.9"}
}

func (f *fixture) register(n admission.NewRegistration) string {
	f.t.Helper()
	must(f.t, f.Register(f.ctx(), n, link))
	return f.token()
}

// waiting gives the one registration that an administrator sees.
func (f *fixture) waiting(n admission.NewRegistration) admission.Registration {
	f.t.Helper()
	must(f.t, f.ConfirmRegistration(f.ctx(), f.register(n), ""))
	all, err := f.Waiting(f.ctx(), f.rosa, river)
	must(f.t, err)
	if len(all) == 0 {
		f.t.Fatal("nothing waits")
	}
	return all[len(all)-1]
}

func TestARegistrationIsVetted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token := f.register(wish("ngoc.tran"))
		all, err := f.Waiting(f.ctx(), f.rosa, river)
		if err != nil || len(all) != 0 {
			t.Fatalf("before the address is proved: %v, %v", all, err)
		}
		r, err := f.Registered(f.ctx(), token)
		if err != nil || r.Name != "Ngọc Trần" || r.Username != "ngoc.tran" {
			t.Fatalf("%+v, %v", r, err)
		}
		must(t, f.ConfirmRegistration(f.ctx(), token, ""))
		if got := f.to("registration waiting"); !slices.Equal(got, []string{"rosa.adler@office.example"}) {
			t.Errorf("told %v", got)
		}
		wantKind(t, "confirmed twice", f.ConfirmRegistration(f.ctx(), token, ""), fault.NotFound)
		all, err = f.Waiting(f.ctx(), f.rosa, river)
		if err != nil || len(all) != 1 || all[0].Email != "ngoc.tran@mail.example" || all[0].Role != access.Requester {
			t.Fatalf("%+v, %v", all, err)
		}
		which := all[0].ID
		for what, who := range map[string]access.Actor{"a requester": f.dana, "another office": f.hilda, "nobody": {}} {
			_, err = f.Approve(f.ctx(), who, which, account.Grant{Roles: []access.Role{access.Viewer}})
			if err == nil || fault.Is(err, fault.Conflict) {
				t.Errorf("%s approved: %v", what, err)
			}
			if err := f.Refuse(f.ctx(), who, which, "not one of ours"); err == nil {
				t.Errorf("%s refused", what)
			}
		}
		_, err = f.Approve(f.ctx(), f.rosa, which, account.Grant{Roles: []access.Role{access.PlanAdmin}})
		wantProblem(t, "a role of the plan", err, "roles", "")
		person, err := f.Approve(f.ctx(), f.rosa, which, account.Grant{Roles: []access.Role{access.Viewer}})
		must(t, err)
		if got := f.to("registration approved"); !slices.Equal(got, []string{"ngoc.tran@mail.example"}) {
			t.Errorf("told %v", got)
		}
		if c := f.colleague(river, person); !slices.Equal(c.Roles, []access.Role{access.Viewer}) || c.Name != "Ngọc Trần" {
			t.Errorf("%+v", c)
		}
		_, _, err = f.accounts.SignIn(f.ctx(), account.Attempt{Username: "ngoc.tran", Password: password, Address: "192.0.2.1"})
		must(t, err)
		_, err = f.Approve(f.ctx(), f.rosa, which, account.Grant{Roles: []access.Role{access.Viewer}})
		wantKind(t, "approved twice", err, fault.Conflict)
		if n := f.count("select count(*) from admission_registration where password <> ''"); n != 0 {
			t.Error("the hash is kept twice")
		}
	})
}

// The answer, the mail and what is kept are the same whether or not there is
// such an organization, and whether or not the username is free.
func TestARegistrationTellsNothing(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var texts []string
		for i, change := range []func(*admission.NewRegistration){
			func(*admission.NewRegistration) {},
			func(n *admission.NewRegistration) { n.TIN = "98-7654321" },
			func(n *admission.NewRegistration) { n.NPI = "1000000004" },
			func(n *admission.NewRegistration) { n.Username = "ROSA.adler" },
			func(n *admission.NewRegistration) { n.Email = "rosa.adler@office.example" },
		} {
			n := wish("ngoc.tran" + strconv.Itoa(i))
			change(&n)
			must(t, f.Register(f.ctx(), n, link))
			all := f.mails()
			if len(all) != 1 || all[0].Address != n.Email {
				t.Fatalf("%d: %+v", i, all)
			}
			texts = append(texts, all[0].Subject+strings.Join(all[0].Text, " "))
			_, token, _ := strings.Cut(all[0].Link, "/x/")
			if i == 3 { // who has proved the address may learn it, and choose another
				wantProblem(t, "a taken username", f.ConfirmRegistration(f.ctx(), token, ""), "username", "taken")
				wantProblem(t, "a malformed one", f.ConfirmRegistration(f.ctx(), token, "x y"), "username", "3 to 64")
				wantProblem(t, "one that waits", f.ConfirmRegistration(f.ctx(), token, "Ngoc.Tran0"), "username", "taken")
				must(t, f.ConfirmRegistration(f.ctx(), token, "rosa.other"))
			} else {
				must(t, f.ConfirmRegistration(f.ctx(), token, ""))
			}
			f.skipMail()
		}
		slices.Sort(texts)
		if len(slices.Compact(texts)) != 1 {
			t.Error("the mails differ")
		}
		all, err := f.Waiting(f.ctx(), f.rosa, river)
		if err != nil || len(all) != 3 {
			t.Errorf("%d wait, %v", len(all), err)
		}
		all, err = f.Waiting(f.ctx(), f.relations, "")
		if err != nil || len(all) != 0 {
			t.Errorf("those for no organization are shown: %d, %v", len(all), err)
		}
	})
}

func TestWhatIsWrongWithARegistration(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for path, change := range map[string]func(*admission.NewRegistration){
			"tin":      func(n *admission.NewRegistration) { n.TIN = "12-345678" },
			"npi":      func(n *admission.NewRegistration) { n.NPI = "1234567890" },
			"name":     func(n *admission.NewRegistration) { n.Name = "<b>\x00" },
			"email":    func(n *admission.NewRegistration) { n.Email = "nobody" },
			"username": func(n *admission.NewRegistration) { n.Username = "-x" },
			"password": func(n *admission.NewRegistration) { n.Password = "ngoc" },
			"role":     func(n *admission.NewRegistration) { n.Role = access.PlanAdmin },
		} {
			n := wish("ngoc.tran")
			change(&n)
			err := f.Register(f.ctx(), n, link)
			wantProblem(t, path, err, path, "")
			if len(fault.Problems(err)) != 1 {
				t.Errorf("%s: %v", path, fault.Problems(err))
			}
		}
		err := f.Register(f.ctx(), admission.NewRegistration{}, link)
		if n := len(fault.Problems(err)); n != 7 {
			t.Errorf("an empty form has %d problems: %v", n, fault.Problems(err))
		}
		if n := f.count("select count(*) from admission_registration"); n != 0 || len(f.mails()) != 0 {
			t.Errorf("%d kept", n)
		}
	})
}

func TestRegistrationsAreHeldUp(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		mails := 0
		for i := range 20 {
			n := wish("ngoc.tran" + strconv.Itoa(i))
			n.Email = "Victim@mail.example"
			if i%2 == 0 {
				n.Email = "victim@MAIL.example"
			}
			must(t, f.Register(f.ctx(), n, link))
			mails += len(f.mails())
		}
		if mails != 3 {
			t.Errorf("a mailbox got %d mails", mails)
		}
		err := f.Register(f.ctx(), wish("one.more"), link)
		wantKind(t, "the 21st from one network", err, fault.TooMany)
		n := wish("from.elsewhere")
		n.Address = "2001:db8::1"
		must(t, f.Register(f.ctx(), n, link))
		f.clock.Advance(61 * time.Minute)
		must(t, f.Register(f.ctx(), wish("an.hour.later"), link))
	})
}

func TestARegistrationIsRefusedOrLapses(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		refused := f.waiting(wish("one.refused"))
		f.skipMail()
		wantProblem(t, "no reason", f.Refuse(f.ctx(), f.rosa, refused.ID, " "), "reason", "")
		must(t, f.Refuse(f.ctx(), f.rosa, refused.ID, "does not work here"))
		if got := f.to("registration refused"); len(got) != 1 || got[0] != "one.refused@mail.example" {
			t.Errorf("told %v", got)
		}
		late := f.waiting(wish("two.late"))
		f.skipMail()
		unproved := f.register(wish("three.unproved"))
		f.skipMail()
		f.clock.Advance(admission.RegistrationLasts)
		wantKind(t, "a late link", f.ConfirmRegistration(f.ctx(), unproved, ""), fault.NotFound)
		_, err := f.Approve(f.ctx(), f.rosa, late.ID, account.Grant{Roles: []access.Role{access.Viewer}})
		wantKind(t, "approved late", err, fault.Conflict)
		for range 2 {
			must(t, f.Notices(f.ctx(), job.Job{}))
		}
		if got := f.to("registration lapsed"); !slices.Equal(got, []string{"two.late@mail.example"}) {
			t.Errorf("told %v", got)
		}
		if n := f.count("select count(*) from admission_registration where password <> '' or state in ('unconfirmed', 'waiting')"); n != 0 {
			t.Errorf("%d are kept as they were", n)
		}
		// The names are free again: nobody got an account.
		must(t, f.ConfirmRegistration(f.ctx(), f.register(wish("two.late")), ""))
	})
}

func TestTwoDecideAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.second()
		r := f.waiting(wish("ngoc.tran"))
		f.skipMail()
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() {
				if i%2 == 0 {
					errs[i] = f.Refuse(f.ctx(), f.ada, r.ID, "not one of ours")
					return
				}
				_, errs[i] = f.Approve(f.ctx(), f.rosa, r.ID, account.Grant{Roles: []access.Role{access.Viewer}})
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				wantKind(t, "the later one", err, fault.Conflict)
			}
		}
		if mails := f.mails(); won != 1 || len(mails) != 1 {
			t.Errorf("%d won, %d mails", won, len(mails))
		}
	})
}

func FuzzRegister(f *testing.F) {
	f.Add("12-3456789", riverNPI, "Ngọc", "a@b.example", "ngoc", password)
	f.Add("", "", "", "", "", "")
	f.Add("1", "2", "\u202e", "a@b\r\nBcc: c", "../x", string(bytes.Repeat([]byte{0xff}, 20)))
	f.Fuzz(func(t *testing.T, tin, npi, name, email, username, pass string) {
		n := admission.NewRegistration{TIN: tin, NPI: npi, Name: name, Email: email, Username: username, Password: pass, Role: access.Viewer}
		problems := admission.CheckRegistration(n)
		for _, p := range problems {
			for _, typed := range []string{tin, npi, name, email, username, pass} {
				if len(typed) > 8 && strings.Contains(p.Text, typed) && !strings.Contains("name@example.org", typed) && !strings.Contains("12-3456789", typed) {
					t.Errorf("a problem repeats what was typed: %q", p.Text)
				}
			}
		}
		if len(problems) == 0 && strings.ContainsAny(name+email, "\r\n\u202e") {
			t.Error("a line end passed")
		}
	})
}
