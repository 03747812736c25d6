package web

import (
	"slices"
	"strings"
	"unicode"

	"hsconnect/internal/access"
	"hsconnect/internal/admission"
	"hsconnect/internal/id"
	"hsconnect/internal/signon"
	"hsconnect/internal/web/kit"
)

// providerView is the page on which staff set up an identity provider.
type providerView struct {
	form    *Form
	path    string
	back    kit.Link
	name    string // of the organization, or of the plan
	done    string
	answers string // what the provider's administrator registers
	is      signon.Provider
	fresh   bool
	trust   bool
	facts   []kit.Fact
	others  []kit.Row
}

// providerOwner is whose provider it is: an office, or the plan.
type providerOwner struct {
	org  id.Organization
	side access.Side
	name string
	path string
	back kit.Link
}

func (s *site) planOwner(*Call) (providerOwner, error) {
	return providerOwner{side: access.Plan, name: s.Plan.Name, path: "/plan/provider", back: kit.Link{Text: "Organizations", Href: "/plan/organizations"}}, nil
}

func (s *site) officeOwner(c *Call) (providerOwner, error) {
	o, err := c.organizationOf()
	if err != nil {
		return providerOwner{}, err
	}
	return ownerOf(o, organizationPath(c.Path("org"))), nil
}

func ownerOf(o admission.Office, path string) providerOwner {
	return providerOwner{org: o.Org, side: access.Office, name: o.Name, path: path + "/provider", back: kit.Link{Text: o.Name, Href: path}}
}

func (s *site) officeProviderPage(c *Call) error    { return c.providerPage(s.officeOwner) }
func (s *site) planProviderPage(c *Call) error      { return c.providerPage(s.planOwner) }
func (s *site) officeProvider(c *Call) error        { return c.saveProvider(s.officeOwner) }
func (s *site) planProvider(c *Call) error          { return c.saveProvider(s.planOwner) }
func (s *site) disableOfficeProvider(c *Call) error { return c.disableProvider(s.officeOwner) }
func (s *site) disablePlanProvider(c *Call) error   { return c.disableProvider(s.planOwner) }

func (c *Call) providerPage(owner func(*Call) (providerOwner, error)) error {
	o, err := owner(c)
	if err != nil {
		return err
	}
	return c.showProvider(nil, o, c.Query("provider"))
}

// providersOf gives the providers of an owner, the one that counts first.
func (c *Call) providersOf(o providerOwner) ([]signon.Provider, error) {
	all, err := c.site.SignOn.List(c.Context(), c.Actor)
	all = slices.DeleteFunc(all, func(p signon.Provider) bool { return p.Org != o.org || p.Side != o.side })
	slices.SortStableFunc(all, func(a, b signon.Provider) int {
		if a.Disabled != b.Disabled {
			if b.Disabled {
				return -1
			}
			return 1
		}
		return b.Changed.Compare(a.Changed)
	})
	return all, err
}

// showProvider shows the form of one provider: the one named, or the one that
// counts, or a new one.
func (c *Call) showProvider(f *Form, o providerOwner, which string) error {
	all, err := c.providersOf(o)
	if err != nil {
		return err
	}
	v := providerView{form: f, path: o.path, back: o.back, name: o.name, done: signOnDone(c.Query("done")), answers: c.site.SignOn.Answers(), fresh: true}
	v.is = signon.Provider{Name: o.name}
	for _, p := range all {
		if p.ID == which || which == "" && !p.Disabled {
			v.is, v.fresh = p, false
			continue
		}
		state := "Counts"
		if p.Disabled {
			state = "Disabled"
		}
		v.others = append(v.others, kit.Row{Cells: []kit.Cell{
			{Text: p.Name, Sub: p.Issuer, Href: o.path + "?provider=" + p.ID, Header: true}, {Text: state}, {Text: c.Moment(p.Changed).Text},
		}})
	}
	if which != "" && which != newProvider && v.fresh {
		return errNotFound()
	}
	v.trust = v.is.TrustFactor
	if f != nil && f.Has("issuer") { // the form of the provider came back, not the other one on the page
		v.trust = f.Has("trust")
	}
	if !v.fresh {
		state := "Counts: people sign in with it"
		if v.is.Disabled {
			state = "Disabled: nobody signs in with it"
		}
		v.facts = []kit.Fact{{Term: "State", Text: state}, {Term: "Set up", Text: c.Moment(v.is.Created).Text}, {Term: "Last changed", Text: c.Moment(v.is.Changed).Text}}
	}
	return c.Show(Page{Title: "Sign-in of " + o.name, Section: "organizations", Form: f, Body: providerBody(v)})
}

// newProvider names the form of one that is not there yet.
const newProvider = "new"

func providerPlaces() Place {
	return Places(map[string][2]string{
		"name": {"name", "Name"}, "issuer": {"issuer", "Issuer"}, "client": {"client", "Client id"}, "secret": {"secret", "Client secret"},
		"domains": {"domains", "Verified domains"}, "acrs": {"acrs", "Values that stand for a second factor"}, "reason": {"reason", "Reason"},
	})
}

func (c *Call) saveProvider(owner func(*Call) (providerOwner, error)) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	o, err := owner(c)
	if err != nil {
		return err
	}
	which, err := c.ownedBy(o, f.Text("provider"))
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok || err != nil {
		return err
	}
	_, err = c.site.SignOn.Save(c.Context(), c.Actor, signon.Provider{
		ID: which, Org: o.org, Side: o.side, Name: f.Text("name"), Issuer: f.Text("issuer"), ClientID: f.Text("client"), Secret: f.Secret("secret"),
		Domains: apart(f.Lines("domains")), TrustFactor: f.Has("trust"), ACRs: apart(f.Lines("acrs")),
	}, f.Text("reason"))
	if err == nil {
		return c.Done(o.path, "provider")
	}
	err = f.Blame(err, providerPlaces())
	if err != nil {
		return err
	}
	if which == "" {
		which = newProvider
	}
	return c.showProvider(f, o, which)
}

// ownedBy gives the id of the provider that a form is about, "" for a new
// one. One of somebody else is none.
func (c *Call) ownedBy(o providerOwner, which string) (string, error) {
	if which == "" {
		return "", nil
	}
	all, err := c.providersOf(o)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(all, func(p signon.Provider) bool { return p.ID == which }) {
		return "", errNotFound()
	}
	return which, nil
}

func (c *Call) disableProvider(owner func(*Call) (providerOwner, error)) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	o, err := owner(c)
	if err != nil {
		return err
	}
	which, err := c.ownedBy(o, f.Text("provider"))
	if err != nil {
		return err
	}
	if which == "" {
		return errNotFound()
	}
	ok, err := c.Strong(f)
	if !ok || err != nil {
		return err
	}
	err = c.site.SignOn.Disable(c.Context(), c.Actor, which, f.Text("off-reason"))
	if err == nil {
		return c.Done(o.path, "off")
	}
	err = f.Blame(err, Places(map[string][2]string{"reason": {"off-reason", "Reason"}}))
	if err != nil {
		return err
	}
	return c.showProvider(f, o, which)
}

// apart gives the words of a field that takes several.
func apart(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == ';' })
}
