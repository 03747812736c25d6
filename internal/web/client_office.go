package web

import (
	"net/http"

	"hsconnect/internal/access"
	"hsconnect/internal/agreement"
	"hsconnect/internal/client"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/web/kit"
)

// programView is one program, for its office or for the plan's staff.
type programView struct {
	form  *Form
	path  string
	back  kit.Link
	name  string
	done  string
	facts []kit.Fact
	state client.State
	asks  bool // the agreement is not accepted for it
}

// programDone says what was just done, by the word that Call.Done left.
func programDone(word string) string {
	switch word {
	case "accepted":
		return "The agreement is accepted for the program. It can work now."
	case "ended":
		return "The program has ended. Its tokens do not work any more."
	case "suspended":
		return "The program is suspended. Its tokens do not work any more."
	case "reinstated":
		return "The program may work again. It has to ask for a new token."
	case "cancelled":
		return "The program is cancelled for good. Its tokens do not work any more."
	}
	return ""
}

func programState(p client.Client) (state, why string) {
	switch p.State {
	case client.Active:
		if !p.Accepted {
			return "Waits", "the agreement is not accepted for it"
		}
		return "Open", ""
	case client.Suspended:
		return "Suspended", "by the plan’s staff"
	case client.Cancelled:
		return "Ended", "by the plan’s staff"
	case client.Ended:
		return "Ended", "by its organization"
	}
	return "Ended", ""
}

func (c *Call) programUsed(p client.Client) string {
	if p.Used.IsZero() {
		return "never"
	}
	return c.Moment(p.Used).Text
}

// programFacts tells a program.
func (c *Call) programFacts(p client.Client) []kit.Fact {
	state, why := programState(p)
	facts := []kit.Fact{{Term: "Client id", Text: string(p.ID), Code: true}, {Term: "Access", Text: state, Sub: why}}
	if p.Reason != "" {
		facts = append(facts, kit.Fact{Term: "Reason", Text: p.Reason, Sub: c.Moment(p.Changed).Text})
	}
	return append(facts, kit.Fact{Term: "May", Text: programRole(p.Role), Sub: providersSub(p.Providers)},
		kit.Fact{Term: "Registered by", Text: p.By, Sub: c.Moment(p.Made).Text}, kit.Fact{Term: "Last token", Text: c.programUsed(p)})
}

func programRole(r access.Role) string {
	if r == access.Requester {
		return "See and send requests"
	}
	return "See requests"
}

func programRoles() []kit.Option {
	return []kit.Option{
		{Value: string(access.Viewer), Text: programRole(access.Viewer)},
		{Value: string(access.Requester), Text: programRole(access.Requester)},
	}
}

func (s *site) programsPage(c *Call) error { return c.showPrograms(nil) }

func (c *Call) showPrograms(f *Form) error {
	all, err := c.site.Clients.List(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	t := kit.Table{Caption: "Programs", HideCaption: true, Columns: []kit.Column{{Text: "Program", Wide: true}, {Text: "May"}, {Text: "Last token"}, {Text: "Access"}},
		Empty: kit.Empty(kit.EmptyProps{Title: "No program yet", Text: "A program that you register stands here."})}
	for _, p := range all {
		state, why := programState(p)
		t.Rows = append(t.Rows, kit.Row{Cells: []kit.Cell{{Text: p.Name, Href: programsPath + "/" + string(p.ID), Header: true},
			{Text: programRole(p.Role)}, {Text: c.programUsed(p)}, {Text: state, Sub: why}}})
	}
	return c.Show(Page{Title: "Programs", Section: "people", Form: f,
		Body: programsBody(f, c.Actor.OrgName, programDone(c.Query("done")), t, f.Choose("role", string(access.Viewer), programRoles()))})
}

func (s *site) registerProgram(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok || err != nil {
		return err
	}
	key, err := s.Clients.Register(c.Context(), c.Actor, f.Text("name"), access.Role(f.Text("role")))
	if err == nil {
		return c.showSecret(key, f.Text("name"))
	}
	err = f.Blame(err, Places(map[string][2]string{"name": {"name", "Name"}, "role": {"role", "What it may do"}}))
	if err != nil {
		return err
	}
	return c.showPrograms(f)
}

// showSecret shows a program's secret, this once: a redirect would have to
// carry it.
func (c *Call) showSecret(key client.Key, name string) error {
	facts := []kit.Fact{{Term: "Client id", Text: string(key.ID), Code: true}, {Term: "Secret", Text: key.Secret, Code: true},
		{Term: "Token address", Text: c.site.link(tokenPath), Code: true}}
	return c.Show(Page{Title: "The program’s secret", Section: "people", Body: programSecretBody(name, programsPath+"/"+string(key.ID), facts)})
}

// programOf gives the program of the actor's office that the address names.
func (c *Call) programOf() (client.Client, error) {
	which, err := id.Parse[client.ID](c.Path("client"))
	if err != nil {
		return client.Client{}, errNotFound()
	}
	p, err := c.site.Clients.Named(c.Context(), c.Actor, which)
	if fault.Is(err, fault.NotFound) {
		err = errNotFound()
	}
	return p, err
}

func (s *site) programPage(c *Call) error {
	p, err := c.programOf()
	if err != nil {
		return err
	}
	return c.showProgram(nil, p)
}

func (c *Call) showProgram(f *Form, p client.Client) error {
	v := programView{form: f, path: programsPath + "/" + string(p.ID), back: kit.Link{Text: "Programs", Href: programsPath}, name: p.Name,
		done: programDone(c.Query("done")), facts: c.programFacts(p), state: p.State, asks: p.State == client.Active && !p.Accepted}
	return c.Show(Page{Title: p.Name, Section: "people", Form: f, Body: programBody(v)})
}

// strongProgram reads a form about a program of the actor's office and asks
// for a fresh proof. Without ok it has answered.
func (c *Call) strongProgram() (f *Form, p client.Client, ok bool, err error) {
	f, err = c.Form()
	if err != nil {
		return nil, p, false, err
	}
	p, err = c.programOf()
	if err != nil {
		return nil, p, false, err
	}
	ok, err = c.Strong(f)
	return f, p, ok, err
}

func (s *site) newProgramSecret(c *Call) error {
	_, p, ok, err := c.strongProgram()
	if !ok || err != nil {
		return err
	}
	key, err := s.Clients.NewSecret(c.Context(), c.Actor, p.ID)
	if err != nil {
		return err
	}
	return c.showSecret(key, p.Name)
}

func (s *site) endProgram(c *Call) error {
	f, p, ok, err := c.strongProgram()
	if !ok || err != nil {
		return err
	}
	err = s.Clients.End(c.Context(), c.Actor, p.ID, f.Text("end-reason"))
	if err == nil {
		return c.Done(programsPath, "ended")
	}
	err = f.Blame(err, Places(map[string][2]string{"reason": {"end-reason", "Reason"}}))
	if err != nil {
		return err
	}
	return c.showProgram(f, p)
}

func (s *site) programAgreementPage(c *Call) error {
	p, err := c.programOf()
	if err != nil {
		return err
	}
	return c.showProgramAgreement(0, nil, p)
}

func (c *Call) showProgramAgreement(status int, f *Form, p client.Client) error {
	v, err := c.site.Agreements.Current(c.Context())
	if err != nil {
		return err
	}
	return c.Show(Page{Status: status, Title: "Agreement for " + p.Name, Section: "people", Form: f,
		Body: programAgreementBody(f, p, v, status == http.StatusConflict)})
}

func (s *site) acceptForProgram(c *Call) error {
	f, p, ok, err := c.strongProgram()
	if !ok || err != nil {
		return err
	}
	if f.Text("agree") != "yes" {
		f.Fail("agree", "", "Tick the box to say that you have read the agreement and agree to it for the program")
		return c.showProgramAgreement(0, f, p)
	}
	err = s.Clients.Accept(c.Context(), c.Actor, p.ID, agreement.Acceptance{
		Version: id.Agreement(f.Text("version")), SHA256: f.Text("sha256"), Button: acceptProgram, Address: c.address, Agent: c.agent(), Locale: pageLocale,
	})
	if fault.Is(err, fault.Conflict) && p.State == client.Active {
		return c.showProgramAgreement(http.StatusConflict, nil, p)
	}
	if err != nil {
		return err
	}
	return c.Done(programsPath+"/"+string(p.ID), "accepted")
}

// acceptProgram is what the button says.
const acceptProgram = "Accept for the program"
