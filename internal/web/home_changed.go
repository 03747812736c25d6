package web

import (
	"net/url"

	"hsconnect/internal/access"
	"hsconnect/internal/id"
	"hsconnect/internal/web/kit"
)

// changedView is the band of the home page about coverage that changed for
// days gone by after the office had looked.
type changedView struct {
	Count int // members
	Table kit.Table
	More  string
}

// homeNotices puts the band on the page.
func (s *site) homeNotices(c *Call, v *homeView) error {
	if !c.Actor.Has(access.LookUpMember) {
		return nil
	}
	notices, members, err := s.Coverage.Notices(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	v.changed.Count = members
	v.changed.Table = kit.Table{Caption: "Members whose coverage changed after your office looked", HideCaption: true,
		Columns: []kit.Column{{Text: "Member", Wide: true}, {Text: "What changed"}, {Text: "Known since", Shrink: true}}}
	v.changed.Table.Empty = kit.Empty(kit.EmptyProps{Title: "None that may be shown to you", Text: "Look a member up to see whether coverage changed."})
	told := map[id.Member]bool{}
	for _, n := range notices {
		told[n.Member.ID] = true
		name := kit.Cell{Text: n.Member.Name(), Href: "/members/" + string(n.Member.ID) + "?on=" + url.QueryEscape(n.To.US()), Header: true}
		words := map[string]string{"ended": "No longer covered", "began": "Covered after all", "moved": "Other coverage"}[n.What]
		what := kit.Cell{Text: words, Sub: fromTo(n.From, n.To)}
		v.changed.Table.Rows = append(v.changed.Table.Rows, kit.Row{Tone: kit.Warning, Cells: []kit.Cell{name, what, {Text: c.Moment(n.KnownAt).Text, Muted: true}}})
	}
	if len(notices) > 0 && members > len(told) {
		v.changed.More = "The newest " + count(len(notices), "change", "changes") + " that may be shown to you; open a member to take it off this list."
	}
	return nil
}
