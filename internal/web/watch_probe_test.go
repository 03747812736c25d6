package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/watch"
)

// Somebody guesses: the page keeps what was typed, says how long to wait, then
// stops; the privacy officer sees why and lets it go on.
func TestProbingIsSlowedStoppedAndLetGoOn(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		run := func() {
			p.Clock.Advance(time.Second)
			_, err := p.Watch.Run(context.Background())
			must(t, err)
		}
		run()
		b := p.SignedIn(t, p.Clerk)
		guess := func(i int) portal.Answer {
			return b.Post("/members", url.Values{"number": {fmt.Sprintf("ZZZ%06d", i*131)}, "birth": {"3/4/1951"}, "why": {"treatment"}})
		}
		for i := range 11 {
			if a := guess(i); a.Status != http.StatusNotFound {
				t.Fatalf("guess %d: %d", i, a.Status)
			}
		}
		a := guess(12)
		for _, want := range []string{"This look-up was not made", "Wait 2 seconds", "1-800-555-0142"} {
			if !strings.Contains(a.Text(), want) {
				t.Errorf("lacks %q: %s", want, a.Text())
			}
		}
		if a.Status != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" || !strings.Contains(a.Body, "ZZZ001572") || faultsOf(a.Body) != nil {
			t.Errorf("%d %v", a.Status, faultsOf(a.Body))
		}
		for i := 20; ; i++ {
			p.Clock.Advance(14 * time.Minute) // within the session
			if strings.Contains(guess(i).Text(), "until tomorrow") {
				break
			}
			if i > 80 {
				t.Fatal("it is never stopped")
			}
		}
		run()
		open, err := p.Watch.List(context.Background(), p.Privacy.Actor, watch.Open)
		must(t, err)
		var c watch.Case
		for _, k := range open {
			if k.Cause == watch.Stopped {
				c = k
			}
		}
		path := "/plan/incidents/" + string(c.ID)
		if a := p.SignedIn(t, p.HelpDesk).Get(path); strings.Contains(a.Body, path+"/let") || !strings.Contains(a.Text(), "a privacy officer or a security officer") {
			t.Error("the HelpDesk is offered what is not hers")
		}
		officer := p.SignedIn(t, p.Privacy)
		page := officer.Get(path)
		if !strings.Contains(page.Text(), "Look-ups are stopped") || strings.Contains(page.Body, "ZZZ") || faultsOf(page.Body) != nil {
			t.Errorf("%d %v", page.Status, faultsOf(page.Body))
		}
		if a := officer.Post(path+"/let", url.Values{"why": {" "}}); a.Status != http.StatusUnprocessableEntity || faultsOf(a.Body) != nil || !strings.Contains(a.Body, "Give the reason") {
			t.Errorf("no reason: %d %v", a.Status, faultsOf(a.Body))
		}
		a = officer.Post(path+"/let", url.Values{"why": {"Spoke to Dana: an old list"}})
		if a.Location != path+"?done=let" || !strings.Contains(officer.Follow(a).Text(), "Look-ups let go on") {
			t.Fatalf("%d to %q", a.Status, a.Location)
		}
		if a := officer.Post(path+"/let", url.Values{"why": {"once more"}}); a.Status != http.StatusConflict || strings.Contains(a.Body, path+"/let") && !strings.Contains(a.Body, "once more") {
			t.Errorf("twice: %d", a.Status)
		}
		if a := p.SignedIn(t, p.Clerk).Post("/members", url.Values{"number": {"ZZZ000001"}, "birth": {"3/4/1951"}}); a.Status != http.StatusNotFound {
			t.Errorf("let go on: %d", a.Status)
		}
	})
}
