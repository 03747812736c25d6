package web

import (
	"hsconnect/internal/record"
	"hsconnect/internal/web/kit"
)

// deskFacts is how to reach the HelpDesk, as far as the plan has said.
func deskFacts(d HelpDesk) []kit.Fact {
	var facts []kit.Fact
	add := func(term, text string) {
		if text != "" {
			facts = append(facts, kit.Fact{Term: term, Text: text})
		}
	}
	add("Phone", d.Phone)
	add("E-mail", d.Email)
	add("Hours", d.Hours)
	add("Address", d.Address)
	return facts
}

func (s *site) helpPage(c *Call) error {
	return c.Show(Page{Title: "Help", Section: "help", Body: helpBody(s.Plan.HelpDesk)})
}

func (s *site) problemPage(c *Call) error {
	return c.Show(Page{Title: "Report a problem", Section: "help", Body: problemBody(s.Plan.HelpDesk)})
}

func (s *site) breachPage(c *Call) error {
	return c.Show(Page{Title: "Report a breach", Section: "help", Body: breachBody(s.Plan.HelpDesk)})
}

// keyRow is one shortcut on the help page.
type keyRow struct{ keys, does string }

func keyRows() []keyRow {
	return []keyRow{
		{"/", "go to the search field of the header"},
		{"?", "list the keys of the page; there they can be switched off"},
		{"j  k", "next and previous row of a worklist"},
		{"Enter", "open the row"},
		{"Tab", "next field, link or button"},
		{"Esc", "close a list or question"},
	}
}

func (s *site) statusPage(c *Call) error {
	facts := []kit.Fact{{Term: "Pages", Text: "Working", Sub: "You are reading one."}}
	tone, title := kit.Success, "The portal is working"
	err := s.ready(c.Context())
	if err != nil {
		c.logCause("not ready", err)
		tone, title = kit.Danger, "The portal is interrupted"
		facts = append(facts, kit.Fact{Term: "Database", Text: "Not answering", Sub: "Nothing can be looked up or sent right now. What was acknowledged is safe. For what cannot wait, call the HelpDesk."})
	} else {
		facts = append(facts, kit.Fact{Term: "Database", Text: "Working"}, s.recordFact(c))
	}
	facts = append(facts, kit.Fact{Term: "Version", Text: s.Version}, kit.Fact{Term: "Time at the plan", Text: c.Moment(c.Now()).Text})
	return c.Show(Page{Title: "Status", Section: "help", Body: statusBody(tone, title, facts)})
}

// recordFact says how far the official record is signed.
func (s *site) recordFact(c *Call) kit.Fact {
	fact := kit.Fact{Term: "Official record", Text: "No checkpoint can be given right now"}
	signed, err := s.Record.Checkpoint(c.Context())
	if err != nil {
		c.logCause("checkpoint not read", err)
		return fact
	}
	cp, err := record.OpenCheckpoint(signed, s.Record.PublicKey())
	if err != nil {
		c.logCause("checkpoint not opened", err)
		return fact
	}
	fact.Text, fact.Sub = count(int(cp.Size), "entry", "entries"), "under the newest signed checkpoint"
	return fact
}

func deskName(d HelpDesk) string {
	if d.Name == "" {
		return "HelpDesk"
	}
	return d.Name
}
