package portal

import (
	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/agreement"
	"hsconnect/internal/civil"
	"hsconnect/internal/id"
)

// Password is everybody's.
const Password = "violet kettle under gravel"

// Person is somebody who can sign in. Actor is who they are to a service
// called without the pages; it has no session.
type Person struct {
	Username string
	Actor    access.Actor
	Secret   string // of her authenticator app
}

// People are those who use the portal. All but Fresh have accepted the
// agreement.
type People struct {
	Clerk     Person // requester at Office
	Clinician Person // at Office
	Admin     Person // local administrator at Office
	Viewer    Person // at Office
	Fresh     Person // requester at Office who has not seen the agreement
	Stranger  Person // requester at Other

	Intake    Person
	Nurse     Person
	Director  Person // medical director, cardiology and internal medicine, licence good
	Lapsed    Person // medical director whose licence has run out
	PlanAdmin Person
	HelpDesk  Person
	Privacy   Person
}

// Operator is whoever runs commands.
func Operator() access.Actor { return access.OperatorActor("tester") }

func (p *Portal) people() {
	p.t.Helper()
	licence := access.Licence{Number: "MD-20417", State: "NY", Expires: civil.Date{Y: 2028, M: 6, D: 30},
		Specialties: []access.Specialty{access.Cardiology, access.InternalMedicine}}
	lapsed := licence
	lapsed.Number, lapsed.Expires = "MD-10111", civil.Date{Y: 2026, M: 10, D: 31}
	office := func(username, name string, role access.Role) account.NewPerson {
		return account.NewPerson{Username: username, Name: name, Side: access.Office, Org: p.Office.ID, OrgName: p.Office.Name, OrgTIN: p.Office.TIN, Roles: []access.Role{role}}
	}
	plan := func(username, name string, role access.Role, l access.Licence) account.NewPerson {
		return account.NewPerson{Username: username, Name: name, Side: access.Plan, OrgName: PlanName, Roles: []access.Role{role}, Licence: l}
	}
	stranger := office("sam.elsewhere", "Sam Elsewhere", access.Requester)
	stranger.Org, stranger.OrgName, stranger.OrgTIN = p.Other.ID, p.Other.Name, p.Other.TIN
	none := access.Licence{}
	for _, one := range []struct {
		to  *Person
		new account.NewPerson
	}{
		{&p.Clerk, office("dana.okafor", "Dana Okafor", access.Requester)},
		{&p.Clinician, office("li.wei", "Li Wei, MD", access.Clinician)},
		{&p.Admin, office("rosa.adler", "Rosa Adler", access.LocalAdmin)},
		{&p.Viewer, office("vic.looker", "Vic Looker", access.Viewer)},
		{&p.Fresh, office("nia.newman", "Nia Newman", access.Requester)},
		{&p.Stranger, stranger},
		{&p.Intake, plan("ian.intake", "Ian Intake", access.Intake, none)},
		{&p.Nurse, plan("marisol.vega", "Marisol Vega, RN", access.Nurse, none)},
		{&p.Director, plan("henry.cole", "Henry Cole, MD", access.MedicalDirector, licence)},
		{&p.Lapsed, plan("ola.late", "Ola Late, MD", access.MedicalDirector, lapsed)},
		{&p.PlanAdmin, plan("petra.plan", "Petra Plan", access.PlanAdmin, none)},
		{&p.HelpDesk, plan("hal.desk", "Hal Desk", access.HelpDesk, none)},
		{&p.Privacy, plan("pia.privacy", "Pia Privacy", access.PrivacyOfficer, none)},
	} {
		*one.to = p.Create(one.new)
		if one.to != &p.Fresh {
			p.Accept(*one.to)
		}
	}
}

// Create makes an account with Password. The person has not accepted the
// agreement: see Accept.
func (p *Portal) Create(n account.NewPerson) Person {
	p.t.Helper()
	if n.Password == "" {
		n.Password = Password
	}
	person, err := p.Accounts.Create(p.ctx(), Operator(), n)
	must(p.t, err)
	factors, err := p.Accounts.Enroll(p.ctx(), Operator(), person)
	must(p.t, err)
	return Person{Username: n.Username, Secret: factors.Secret, Actor: access.Actor{
		Person: person, Username: n.Username, Name: n.Name, Side: n.Side, Org: n.Org, OrgName: n.OrgName, OrgTIN: n.OrgTIN,
		Roles: n.Roles, Licence: n.Licence, Door: access.DoorWeb, Address: "127.0.0.1",
	}}
}

// Accept accepts the current agreement for the person.
func (p *Portal) Accept(who Person) {
	p.t.Helper()
	v, err := p.Agreements.Current(p.ctx())
	must(p.t, err)
	who.Actor.Session = id.New[id.Session](p.DB.Now()) // as if in a browser that is closed by now
	must(p.t, p.Agreements.Accept(p.ctx(), who.Actor, agreement.Acceptance{
		Version: v.ID, SHA256: v.SHA256, Button: "Accept", Address: "127.0.0.1", Agent: "test", Locale: "en-US",
	}))
}
