package web

import (
	"time"

	"hsconnect/internal/web/kit"
)

// nonUseNotice is the banner for somebody who comes back after a long time.
func (c *Call) nonUseNotice() []kit.Announcement {
	const shownFor = time.Hour
	if c.Session.ID == "" || c.Now().Sub(c.Session.Started) > shownFor {
		return nil
	}
	text := c.site.Watch.Warning(c.Context(), c.Actor)
	if text == "" {
		return nil
	}
	return []kit.Announcement{{Tone: kit.Warning, Text: text, Link: &kit.Link{Text: "Your account", Href: "/account"}}}
}

// compromisedPage asks once more and says what the press does.
func (s *site) compromisedPage(c *Call) error {
	return c.Show(Page{Title: "Someone may know your password", Section: "account", Body: compromisedBody(c.Actor.Username)})
}

// compromised is the press. Pressed twice, the second finds the session ended
// by the first, and leads to the same page.
func (s *site) compromised(c *Call) error {
	_, err := c.Form()
	if err != nil {
		return err
	}
	if !c.SignedIn() {
		ended, err := s.Accounts.EndedEverywhere(c.Context(), c.token)
		if err != nil {
			return err
		}
		if !ended {
			return c.SignInAgain(compromisedPath)
		}
		return c.Redirect(compromisedPath + "/next")
	}
	_, err = s.Watch.Compromised(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	c.setToken("")
	return c.Redirect(compromisedPath + "/next")
}

func (s *site) compromisedNext(c *Call) error {
	return c.Show(Page{Title: "Your account is secured", Body: compromisedNextBody(s.Plan.HelpDesk)})
}
