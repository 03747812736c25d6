package web

import (
	"hsconnect/internal/account"
	"hsconnect/internal/id"
	"hsconnect/internal/web/kit"
)

// sessionsView is where one is signed in, and what happened to the account.
type sessionsView struct {
	note     string
	sessions []kit.Row
	others   int
	events   []kit.Row
}

// eventsShown is how much of an account's history its owner sees.
const eventsShown = 20

func (s *site) sessionsPage(c *Call) error {
	sessions, err := s.Accounts.Sessions(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	events, err := s.Accounts.Events(c.Context(), c.Actor, c.Actor.Person, eventsShown)
	if err != nil {
		return err
	}
	var v sessionsView
	switch c.Query("done") {
	case "ended":
		v.note = "That browser is signed out."
	case "others":
		v.note = "Every other browser is signed out."
	}
	for _, o := range sessions {
		v.sessions = append(v.sessions, c.sessionRow(o))
		if !o.This {
			v.others++
		}
	}
	for _, e := range events {
		v.events = append(v.events, c.eventRow(e))
	}
	return c.Show(Page{Title: "Where you are signed in", Section: "account", Body: sessionsBody(v)})
}

func (c *Call) sessionRow(o account.OwnSession) kit.Row {
	browser := kit.Cell{Text: or(browserName(o.Agent), "Unknown browser"), Header: true}
	if o.This {
		browser.Sub = "this one"
	}
	how := kit.Cell{Text: capital(o.How), Sub: "since " + c.Moment(o.Started).Text}
	row := kit.Row{}
	if !o.Proven {
		how.Text, row.Tone = "Password only: the second factor was not given", kit.Warning
	}
	row.Cells = []kit.Cell{browser, {Text: o.Network, Sub: o.OrgName}, how, {Text: c.Moment(o.LastSeen).Text}, {Body: endSession(string(o.ID), browser.Text, o.This)}}
	return row
}

func (c *Call) eventRow(e account.Event) kit.Row {
	return kit.Row{Cells: []kit.Cell{
		{Text: capital(string(e.Kind)), Sub: e.Reason, Header: true},
		{Text: c.Moment(e.At).Text},
		{Text: e.Address, Muted: true},
		{Text: browserName(e.Agent), Muted: true},
	}}
}

// endOneSession signs one browser out; where it is this one, that is signing out.
func (s *site) endOneSession(c *Call) error {
	session, err := id.Parse[id.Session](c.Path("session"))
	if err != nil {
		return errNotFound()
	}
	err = s.Accounts.EndSession(c.Context(), c.Actor, session)
	if err != nil {
		return err
	}
	if session == c.Actor.Session {
		c.setToken("")
		return c.Done("/", "out")
	}
	return c.Done(sessionsPath, "ended")
}

func (s *site) endOtherSessions(c *Call) error {
	_, err := s.Accounts.EndOthers(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	return c.Done(sessionsPath, "others")
}

// endSessions signs the actor out everywhere, here too.
func (s *site) endSessions(c *Call) error {
	_, err := s.Accounts.EndAll(c.Context(), c.Actor, c.Actor.Person)
	if err != nil {
		return err
	}
	c.setToken("")
	return c.Done("/", "everywhere")
}
