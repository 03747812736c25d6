package web

import (
	"net/url"
	"strconv"
	"strings"

	"hsconnect/internal/provider"
	"hsconnect/internal/web/kit"
)

// directoryView is the plan's provider directory.
type directoryView struct {
	F           *Form
	Specialties []kit.Option
	Network     bool
	Asked       bool
	Table       kit.Table
	Pages       kit.Pages
}

// directoryPage is GET /providers.
func (s *site) directoryPage(c *Call) error {
	f := NewForm(c.r.URL.Query())
	asked := f.Has("text") || f.Has("specialty") || f.Has("place")
	w := provider.Wanted{Text: f.Text("text"), Specialty: f.Text("specialty"), Place: f.Text("place"), Network: f.Has("network") || !asked, Page: pageOf(f)}
	names, err := s.Providers.Specialties(c.Context())
	if err != nil {
		return err
	}
	v := directoryView{F: f, Network: w.Network, Specialties: []kit.Option{{Value: "", Text: "Any"}}}
	for _, n := range names {
		v.Specialties = append(v.Specialties, kit.Option{Value: n, Text: capital(n), Selected: n == w.Specialty})
	}
	if asked {
		found, err := s.Providers.Directory(c.Context(), c.Actor, w)
		if err == nil {
			v.Asked, v.Table, v.Pages = true, directoryTable(found), directoryPages(w, found)
		}
		err = f.Blame(err, Places(map[string][2]string{"text": {"text", "Name or NPI"}, "place": {"place", "City or zip code"}}))
		if err != nil {
			return err
		}
	}
	return c.Show(Page{Title: "Providers", Section: "providers", Form: f, Body: directoryBody(v)})
}

func directoryTable(found provider.Found) kit.Table {
	t := kit.Table{Caption: "Providers that fit", HideCaption: true,
		Columns: []kit.Column{{Text: "Provider", Wide: true}, {Text: "NPI", Shrink: true}, {Text: "Specialty"}, {Text: "Where"}, {Text: "Telephone"}, {Text: "Network"}},
		Empty:   kit.Empty(kit.EmptyProps{Title: "No provider fits", Text: "Try fewer letters, another place, or without the tick at the network."})}
	for _, e := range found.Entries {
		name := kit.Cell{Text: e.Name, Header: true}
		if e.OrgName != e.Name {
			name.Sub = e.OrgName
		}
		specialty := capital(e.Specialty)
		if specialty == "" && e.Kind != "practitioner" {
			specialty = capital(e.Kind)
		}
		network := kit.Cell{Text: "In network"}
		if !e.InNetwork {
			network = kit.Cell{Text: "Out of network", Muted: true}
		}
		where := strings.Join(nonEmpty(e.City, strings.TrimSpace(e.State+" "+e.Zip)), ", ")
		t.Rows = append(t.Rows, kit.Row{Cells: []kit.Cell{name, {Text: string(e.NPI)}, {Text: specialty}, {Text: where, Sub: e.Street}, {Text: e.Phone}, network}})
	}
	return t
}

func directoryPages(w provider.Wanted, found provider.Found) kit.Pages {
	first := (w.Page - 1) * provider.DirectoryPage
	p := kit.Pages{Text: "None shown"}
	if len(found.Entries) > 0 {
		p.Text = strconv.Itoa(first+1) + "–" + strconv.Itoa(first+len(found.Entries))
	}
	href := func(page int) string {
		v := url.Values{"text": {w.Text}, "specialty": {w.Specialty}, "place": {w.Place}, "page": {strconv.Itoa(page)}}
		if w.Network {
			v.Set("network", "yes")
		}
		return "/providers?" + v.Encode()
	}
	if found.More {
		p.Next = href(w.Page + 1)
	}
	if w.Page > 1 {
		p.Previous = href(w.Page - 1)
	}
	return p
}
