package web

import (
	"context"
	"net/http"
	"strconv"

	"hsconnect/internal/access"
	"hsconnect/internal/coverage"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/intake"
	"hsconnect/internal/web/kit"
)

// importsView is the page of files that came in.
type importsView struct {
	done    string
	waiting []kit.Row
	decided []kit.Row
	loaded  []kit.Row
}

// heldView is the page of one held file.
type heldView struct {
	form   *Form
	path   string
	name   string
	why    string
	facts  []kit.Fact
	counts []kit.Row
	open   bool // it waits
	again  bool // it could not be loaded, and may be tried again
	own    bool // the reader loaded it
	said   string
}

func (s *site) importsPage(c *Call) error {
	held, err := s.Intake.List(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	loaded, err := s.Coverage.Loaded(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	v := importsView{done: importDone(c.Query("done"))}
	for _, h := range held {
		file := kit.Cell{Text: h.Name, Sub: h.Kind, Href: importsPath + "/" + string(h.ID), Header: true}
		came := kit.Cell{Text: c.Moment(h.At).Text, Sub: "by " + h.By}
		if waits(h) {
			why := kit.Cell{Text: h.Why}
			if h.State == intake.Stalled {
				why = kit.Cell{Text: heldState(h), Sub: h.Outcome}
			}
			v.waiting = append(v.waiting, kit.Row{Tone: kit.Warning, Cells: []kit.Cell{file, came, why}})
			continue
		}
		v.decided = append(v.decided, kit.Row{Cells: []kit.Cell{file, came, {Text: heldState(h), Sub: h.Outcome}, {Text: h.Decided, Sub: h.Reason}}})
	}
	for _, l := range loaded {
		by := "before names were kept"
		if l.By != "" {
			by = "by " + l.By
		}
		v.loaded = append(v.loaded, kit.Row{Cells: []kit.Cell{{Text: l.Name, Sub: "SHA-256 " + l.Report.Digest[:min(12, len(l.Report.Digest))] + "…", Header: true},
			{Text: c.Moment(l.At).Text, Sub: by}, {Text: strconv.Itoa(l.Report.Rows)}, {Text: strconv.Itoa(l.Report.Added)},
			{Text: strconv.Itoa(l.Report.Changed)}, {Text: strconv.Itoa(l.Report.Ended)}, {Text: strconv.Itoa(l.Report.Difference.Retroactive)}}})
	}
	return c.Show(Page{Title: "Imports", Section: "imports", Body: importsBody(v)})
}

func waitingFiles(all []intake.Held) (out []intake.Held) {
	for _, h := range all {
		if waits(h) {
			out = append(out, h)
		}
	}
	return out
}

// waits says whether somebody has to say what becomes of a held file.
func waits(h intake.Held) bool { return h.State == intake.Waiting || h.State == intake.Stalled }

func heldState(h intake.Held) string {
	switch h.State {
	case intake.Waiting:
		return "Waits for a second person"
	case intake.Approved:
		return "Approved, being loaded"
	case intake.Refused:
		return "Refused"
	case intake.Applied:
		return "Approved and loaded"
	case intake.Stalled:
		return "Approved, and could not be loaded"
	case intake.Failed:
		return "Approved, and not fit to be loaded any more"
	}
	return ""
}

func importDone(word string) string {
	switch word {
	case "approved":
		return "The file is approved. The portal is loading it now; its line below says when that is done."
	case "again":
		return "The portal is loading the file once more; its line below says when that is done."
	case "refused":
		return "The file is refused. Nothing of it was loaded."
	}
	return ""
}

// heldOf gives the held file that the address names.
func (c *Call) heldOf() (intake.Held, error) {
	which, err := id.Parse[intake.ID](c.Path("held"))
	if err != nil {
		return intake.Held{}, errNotFound()
	}
	h, err := c.site.Intake.Get(c.Context(), c.Actor, which)
	if fault.Is(err, fault.NotFound) {
		err = errNotFound()
	}
	return h, err
}

func (s *site) heldPage(c *Call) error {
	h, err := c.heldOf()
	if err != nil {
		return err
	}
	return c.showHeld(nil, h, nil)
}

func (c *Call) showHeld(f *Form, h intake.Held, problem error) error {
	v := heldView{form: f, path: importsPath + "/" + string(h.ID), name: h.Name, why: h.Why, open: h.State == intake.Waiting, again: h.State == intake.Stalled, own: h.LoadedBy(c.Actor)}
	v.facts = []kit.Fact{
		{Term: "State", Text: heldState(h), Sub: h.Outcome},
		{Term: "Loaded", Text: c.Moment(h.At).Text, Sub: "by " + h.By},
		{Term: "Size", Text: strconv.FormatInt(h.Size, 10) + " bytes"},
		{Term: "SHA-256", Text: h.Digest, Code: true},
	}
	if h.Decided != "" {
		v.facts = append(v.facts, kit.Fact{Term: "Decided", Text: c.Moment(h.When).Text, Sub: "by " + h.Decided + ": " + h.Reason})
	}
	if h.Kind == coverage.KindMembers {
		rep, err := coverage.Counts(h)
		if err != nil {
			return err
		}
		for _, n := range rep.Counts() {
			v.counts = append(v.counts, kit.Row{Cells: []kit.Cell{{Text: capital(n.What), Sub: n.More, Header: true}, {Text: strconv.Itoa(n.N)}}})
		}
	}
	p := Page{Title: "Held file", Section: "imports", Form: f}
	if problem != nil {
		p.Status, v.said = http.StatusConflict, fault.Text(problem)
	}
	p.Body = heldFileBody(v)
	return c.Show(p)
}

func (s *site) approveHeld(c *Call) error {
	return c.decideHeld("approve-reason", "approved", s.Intake.Approve)
}

// againHeld lets a file that could not be loaded be tried again, after a fresh
// proof as the approval.
func (s *site) againHeld(c *Call) error {
	return c.decideHeld("", "again", func(ctx context.Context, who access.Actor, which intake.ID, _ string) error {
		return s.Intake.Again(ctx, who, which)
	})
}

func (s *site) refuseHeld(c *Call) error {
	return c.decideHeld("refuse-reason", "refused", s.Intake.Refuse)
}

// decideHeld decides a held file, after a fresh proof.
func (c *Call) decideHeld(reason, done string, do func(ctx context.Context, who access.Actor, which intake.ID, reason string) error) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	h, err := c.heldOf()
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok || err != nil {
		return err
	}
	err = do(c.Context(), c.Actor, h.ID, f.Text(reason))
	if err == nil {
		return c.Done(importsPath, done)
	}
	if fault.Is(err, fault.Conflict) {
		h, again := c.heldOf()
		if again != nil {
			return again
		}
		return c.showHeld(f, h, err)
	}
	err = f.Blame(err, Places(map[string][2]string{"reason": {reason, "Reason"}}))
	if err != nil {
		return err
	}
	return c.showHeld(f, h, nil)
}
