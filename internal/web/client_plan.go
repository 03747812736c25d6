package web

import (
	"context"

	"hsconnect/internal/access"
	"hsconnect/internal/client"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/web/kit"
)

func (s *site) planProgramsPage(c *Call) error {
	all, err := s.Clients.All(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	t := kit.Table{Caption: "Programs", HideCaption: true, Columns: []kit.Column{{Text: "Program", Wide: true}, {Text: "May"}, {Text: "Last token"}, {Text: "Access"}, {Text: "Reason"}},
		Empty: kit.Empty(kit.EmptyProps{Title: "No program yet", Text: "A program that an office registers stands here."})}
	for _, p := range all {
		state, why := programState(p)
		t.Rows = append(t.Rows, kit.Row{Cells: []kit.Cell{{Text: p.Name, Sub: p.OrgName, Href: planProgramsPath + "/" + string(p.ID), Header: true},
			{Text: programRole(p.Role)}, {Text: c.programUsed(p)}, {Text: state, Sub: why}, {Text: p.Reason}}})
	}
	return c.Show(Page{Title: "Programs of offices", Section: "accounts", Body: planProgramsBody(programDone(c.Query("done")), t)})
}

// planProgramOf gives the program that the address names.
func (c *Call) planProgramOf() (client.Client, error) {
	which, err := id.Parse[client.ID](c.Path("client"))
	if err != nil {
		return client.Client{}, errNotFound()
	}
	p, err := c.site.Clients.Any(c.Context(), c.Actor, which)
	if fault.Is(err, fault.NotFound) {
		err = errNotFound()
	}
	return p, err
}

func (s *site) planProgramPage(c *Call) error {
	p, err := c.planProgramOf()
	if err != nil {
		return err
	}
	return c.showPlanProgram(nil, p)
}

func (c *Call) showPlanProgram(f *Form, p client.Client) error {
	v := programView{form: f, path: planProgramsPath + "/" + string(p.ID), back: kit.Link{Text: "Programs of offices", Href: planProgramsPath}, name: p.Name,
		facts: append([]kit.Fact{{Term: "Organization", Text: p.OrgName}}, c.programFacts(p)...), state: p.State}
	return c.Show(Page{Title: p.Name, Section: "accounts", Form: f, Body: planProgramBody(v)})
}

func (s *site) suspendProgram(c *Call) error {
	return c.onProgram("suspend-reason", "suspended", s.Clients.Suspend)
}

func (s *site) reinstateProgram(c *Call) error {
	return c.onProgram("reinstate-reason", "reinstated", s.Clients.Reinstate)
}

func (s *site) cancelProgram(c *Call) error {
	return c.onProgram("cancel-reason", "cancelled", s.Clients.Cancel)
}

// onProgram changes a program's standing, after a fresh proof.
func (c *Call) onProgram(reason, done string, do func(ctx context.Context, who access.Actor, which client.ID, reason string) error) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	p, err := c.planProgramOf()
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok || err != nil {
		return err
	}
	err = do(c.Context(), c.Actor, p.ID, f.Text(reason))
	if err == nil {
		return c.Done(planProgramsPath, done)
	}
	err = f.Blame(err, Places(map[string][2]string{"reason": {reason, "Reason"}}))
	if err != nil {
		return err
	}
	return c.showPlanProgram(f, p)
}
