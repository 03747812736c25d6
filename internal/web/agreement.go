package web

import (
	"net/http"
	"strconv"

	"hsconnect/internal/agreement"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/web/kit"
)

// agreementView is the page of one version of the agreement.
type agreementView struct {
	version  agreement.Version
	current  bool
	asks     bool // the reader has still to accept it
	signedIn bool
	newer    bool // a newer version was published while the reader read another
	next     string
	form     *Form
	accepted []kit.Row // what the reader has accepted
	desk     HelpDesk
}

func (s *site) agreementPage(c *Call) error {
	v, err := s.Agreements.Current(c.Context())
	if err != nil {
		return err
	}
	return c.showAgreement(0, agreementView{version: v, current: true, next: localPath(c.r.URL.Query().Get("next"))})
}

func (s *site) agreementVersion(c *Call) error {
	n, err := strconv.Atoi(c.Path("version"))
	if err != nil {
		return errNotFound()
	}
	v, err := s.Agreements.ByNumber(c.Context(), n)
	if err != nil {
		return err
	}
	now, err := s.Agreements.Current(c.Context())
	if err != nil {
		return err
	}
	return c.showAgreement(0, agreementView{version: v, current: v.ID == now.ID})
}

func (c *Call) showAgreement(status int, v agreementView) error {
	v.signedIn, v.desk = c.SignedIn(), c.site.Plan.HelpDesk
	v.asks = v.signedIn && !c.accepted && v.current
	if v.signedIn {
		mine, err := c.acceptances()
		if err != nil {
			return err
		}
		v.accepted = mine
	}
	return c.Show(Page{Status: status, Title: v.version.Title, Form: v.form, Body: agreementBody(v)})
}

// acceptances lists what the actor has accepted, the newest first.
func (c *Call) acceptances() ([]kit.Row, error) {
	mine, err := c.site.Agreements.Mine(c.Context(), c.Actor)
	if err != nil {
		return nil, err
	}
	rows := make([]kit.Row, len(mine))
	for i, a := range mine {
		number := strconv.Itoa(a.Number)
		rows[i] = kit.Row{Cells: []kit.Cell{
			{Text: "Version " + number, Href: "/agreement/" + number, Header: true},
			{Text: c.Moment(a.At).Text},
			certificateCell(a.Number),
		}}
	}
	return rows, nil
}

// accept keeps that the actor agreed to exactly the text that was shown.
func (s *site) accept(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	next := localPath(f.Raw("next"))
	now, err := s.Agreements.Current(c.Context())
	if err != nil {
		return err
	}
	if f.Text("agree") != "yes" {
		f.Fail("agree", "", "Tick the box to say that you have read the agreement and agree to it, or decline below")
		return c.showAgreement(0, agreementView{version: now, current: true, next: next, form: f})
	}
	err = s.Agreements.Accept(c.Context(), c.Actor, agreement.Acceptance{
		Version: id.Agreement(f.Text("version")), SHA256: f.Text("sha256"), Button: acceptButton, Address: c.address, Agent: c.agent(), Locale: pageLocale,
	})
	if fault.Is(err, fault.Conflict) {
		return c.showAgreement(http.StatusConflict, agreementView{version: now, current: true, newer: true, next: next})
	}
	if err != nil {
		return err
	}
	return c.Redirect(orHome(next))
}

// What the page shows: the words of the button, and the page's language.
const (
	acceptButton = "Accept"
	pageLocale   = "en-US"
)

// decline writes the refusal down and ends the session.
func (s *site) decline(c *Call) error {
	err := s.Agreements.Declined(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	err = s.Accounts.SignOut(c.Context(), c.Actor)
	if err != nil && !fault.Is(err, fault.Unauthenticated) {
		return err
	}
	c.setToken("")
	return c.Redirect("/agreement/declined")
}

func (s *site) declinedPage(c *Call) error {
	return c.Show(Page{Title: "You declined the agreement", Body: declinedBody(s.Plan.HelpDesk)})
}

func agreementSub(v agreementView) string {
	sub := "Version " + strconv.Itoa(v.version.Number) + ", in force from " + v.version.Effective.Long()
	if !v.current {
		sub += " · replaced by a newer version"
	}
	return sub
}
