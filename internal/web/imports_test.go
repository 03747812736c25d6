package web_test

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/coverage"
	"hsconnect/internal/fault"
	"hsconnect/internal/intake"
	"hsconnect/internal/job"
	"hsconnect/internal/portaltest/portal"
)

// loadMembers loads a CSV file of members.
func loadMembers(t *testing.T, p *portal.Portal, who access.Actor, name, rows string) coverage.Report {
	t.Helper()
	text := []byte("member_number,last,first,birth,plan,from,to\n" + rows)
	src := coverage.Source{Name: name, Size: int64(len(text)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }}
	rep, err := p.Coverage.Import(t.Context(), who, src, coverage.CSV, nil)
	if err != nil || rep.RefusedTotal > 0 {
		t.Fatalf("%+v %v", rep, err)
	}
	return rep
}

func enrolled(from, n int, to string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "IMP%d,Marsh,Theo%d,1948-07-19,PLUS,2026-01-01,%s\n", from+i, from+i, to)
	}
	return b.String()
}

func TestAHeldFileIsDecidedBySomebodyElse(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		admin := p.SignedIn(t, p.PlanAdmin)
		words{"Imports", "No file waits"}.in(t, "nothing waits", admin.Get("/plan/imports"), 200)
		loadMembers(t, p, portal.Operator(), "all.csv", enrolled(0, 40, ""))
		held := loadMembers(t, p, portal.Operator(), "half <b>.csv", enrolled(0, 20, "2026-12-31")).Held
		if held == "" {
			t.Fatal("not held")
		}
		words{"half <b>.csv", "It would end or take back the medical coverage of 20 of"}.in(t, "the list", admin.Get("/plan/imports"), 200)
		words{"1 file waits for a second person"}.in(t, "the first page", admin.Get("/plan"), 200)
		path := "/plan/imports/" + string(held)
		page := admin.Get(path)
		words{"Nothing of this file is loaded", "Coverages ended", "Approve and load the file", "Refuse the file"}.in(t, "the file", page, 200)
		if strings.Contains(page.Body, "IMP1") || strings.Contains(page.Body, "Marsh") {
			t.Error("the page names somebody")
		}
		words{"Say in 3 to 500 characters"}.in(t, "without a reason", admin.Post(path+"/approve", url.Values{"approve-reason": {""}}), 422)
		p.Clock.Advance(11 * time.Minute)
		words{"Prove that it is you"}.in(t, "without a fresh proof", admin.Post(path+"/approve", url.Values{"approve-reason": {"agreed with the sponsor"}}), 200)
		a := admin.Post(path+"/approve", url.Values{"approve-reason": {"agreed with the sponsor"}, "proof_code": {p.Code(p.PlanAdmin)}})
		if a.Location != "/plan/imports?done=approved" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		words{"Approved, being loaded"}.in(t, "approved", admin.Get("/plan/imports"), 200)
		words{"decided in the meantime"}.in(t, "decided twice", admin.Post(path+"/refuse", url.Values{"refuse-reason": {"no, not so"}}), 409)
		_, err := p.Jobs.RunDue(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		words{"Approved and loaded", "agreed with the sponsor", "half <b>.csv"}.in(t, "loaded", admin.Get("/plan/imports"), 200)
	})
}

func TestAHeldFileOfOnesOwnIsNotApproved(t *testing.T) {
	p := portal.SQLite(t)
	admin := p.SignedIn(t, p.PlanAdmin)
	loadMembers(t, p, portal.Operator(), "all.csv", enrolled(0, 40, ""))
	held := loadMembers(t, p, p.PlanAdmin.Actor, "own.csv", enrolled(0, 20, "2026-12-31")).Held
	path := "/plan/imports/" + string(held)
	page := admin.Get(path)
	words{"You loaded this file yourself", "Refuse the file"}.in(t, "one's own", page, 200)
	if strings.Contains(page.Body, "Approve and load") {
		t.Error("the button is there")
	}
	words{"somebody else has to approve it"}.in(t, "forged", admin.Post(path+"/approve", url.Values{"approve-reason": {"it is mine"}}), 403)
	if a := admin.Post(path+"/refuse", url.Values{"refuse-reason": {"the file is cut off"}}); a.Location != "/plan/imports?done=refused" {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	h, err := p.Files.Get(t.Context(), p.PlanAdmin.Actor, held)
	if err != nil || h.State != intake.Refused {
		t.Errorf("%+v %v", h, err)
	}
	for _, other := range []string{"/plan/imports/01jdbq3h6m2t9v8x7c5b4a3z21", "/plan/imports/none"} {
		if a := admin.Get(other); a.Status != 404 {
			t.Errorf("%s: %d", other, a.Status)
		}
	}
}

// An approved file that the portal could not load waits for somebody who says
// whether to try again.
func TestAHeldFileThatCouldNotBeLoadedIsTriedAgain(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		admin := p.SignedIn(t, p.PlanAdmin)
		loadMembers(t, p, portal.Operator(), "all.csv", enrolled(0, 40, ""))
		held := loadMembers(t, p, portal.Operator(), "half.csv", enrolled(0, 20, "2026-12-31")).Held
		path := "/plan/imports/" + string(held)
		if a := admin.Post(path+"/approve", url.Values{"approve-reason": {"agreed with the sponsor"}}); a.Location != "/plan/imports?done=approved" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		feeds := p.Coverage.Feeds
		p.Coverage.Feeds = func(func() (io.ReadCloser, error)) (coverage.Feed, error) {
			return nil, fault.New(fault.Unavailable, "The disk does not answer")
		}
		for range job.DefaultTries {
			_, err := p.Jobs.RunDue(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			p.Clock.Advance(2 * time.Hour)
		}
		p.Coverage.Feeds = feeds
		admin = p.SignedIn(t, p.PlanAdmin)
		words{"Approved, and could not be loaded", "after 12 tries: The disk does not answer"}.in(t, "the list", admin.Get("/plan/imports"), 200)
		words{"Try again", "Refuse the file"}.in(t, "the file", admin.Get(path), 200)
		if a := admin.Post(path+"/again", nil); a.Location != "/plan/imports?done=again" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		words{"not one that could not be loaded"}.in(t, "twice", admin.Post(path+"/again", nil), 409)
		_, err := p.Jobs.RunDue(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		words{"Approved and loaded"}.in(t, "loaded", admin.Get("/plan/imports"), 200)
	})
}
