package fhir

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Check gives what the base resource asks for and a does not have: each as a
// place and a rule. It is empty for a valid resource.
func (a AuditEvent) Check() []string {
	var c checks
	c.need(a.ResourceType == "AuditEvent", "resourceType: AuditEvent")
	c.need(a.ID == "" || idForm.MatchString(a.ID), "id: 1 to 64 letters, digits, dots and hyphens")
	c.need(a.Type != nil && a.Type.Code != "", "type: 1..1")
	_, err := time.Parse(time.RFC3339Nano, a.Recorded)
	c.need(err == nil, "recorded: an instant with its zone")
	c.need(a.Action == "" || slices.Contains([]string{"C", "R", "U", "D", "E"}, a.Action), "action: C, R, U, D or E")
	c.need(a.Outcome == "" || slices.Contains([]string{"0", "4", "8", "12"}, a.Outcome), "outcome: 0, 4, 8 or 12")
	c.need(len(a.Agent) > 0, "agent: 1..*")
	for i, g := range a.Agent {
		at := "agent[" + strconv.Itoa(i) + "]."
		c.need(g.Requestor != nil, at+"requestor: 1..1")
		c.need(g.Network == nil || g.Network.Address != "", at+"network: has an address")
		c.need(g.Network == nil || slices.Contains([]string{"1", "2", "3", "4", "5"}, g.Network.Type), at+"network.type: 1 to 5")
		c.reference(at+"who", g.Who)
	}
	c.need(a.Source != nil && a.Source.Observer != nil, "source.observer: 1..1")
	if a.Source != nil {
		c.reference("source.observer", a.Source.Observer)
	}
	for i, e := range a.Entity {
		at := "entity[" + strconv.Itoa(i) + "]."
		c.reference(at+"what", e.What)
		for j, d := range e.Detail {
			c.need(d.Type != "" && d.ValueString != "", at+"detail["+strconv.Itoa(j)+"]: type and value")
		}
	}
	return c
}

// CheckPatientRead gives what the profile for a successful read about a
// patient asks for and a does not have, with the base resource's rules.
func (a AuditEvent) CheckPatientRead() []string {
	c := checks(a.Check())
	c.need(a.Type.is(AuditType, "rest"), "type: rest")
	reads := 0
	for _, s := range a.Subtype {
		if s.is(Interaction, "read") || s.is(Interaction, "vread") {
			reads++
		}
	}
	c.need(reads == 1, "subtype: one read")
	c.need(a.Action == "R", "action: R")
	c.need(a.Outcome == "0", "outcome: 0")
	c.agent(a, DICOM, "110152", "client", true)
	c.agent(a, DICOM, "110153", "server", true)
	for _, u := range a.agents(Participation, "IRCP") {
		c.need(u.Who != nil && u.Network == nil && u.Requestor != nil && *u.Requestor, "agent[user]: who, requestor, and no network")
	}
	c.need(len(a.agents(Participation, "IRCP")) <= 1, "agent[user]: 0..1")
	c.patient(a)
	data := a.entities("2")
	c.need(len(data) == 1 && data[0].What != nil, "entity[data]: 1..1 with what")
	for _, d := range data {
		c.need(d.Role == nil || d.Role.System == ObjectRole && slices.Contains([]string{"3", "4", "20"}, d.Role.Code), "entity[data].role: 3, 4 or 20")
	}
	return c
}

// CheckDisclosureSource gives what the profile for a disclosure, as its source
// writes it down, asks for and a does not have.
func (a AuditEvent) CheckDisclosureSource() []string {
	c := checks(a.Check())
	c.need(a.Type.is(DICOM, "110106"), "type: 110106")
	c.need(a.Action == "R", "action: R")
	c.need(slices.ContainsFunc(a.Subtype, func(s Coding) bool { return s.is(Lifecycle, "disclose") }), "subtype: disclose")
	c.need(a.Outcome != "", "outcome: 1..1")
	c.agent(a, DICOM, "110153", "source", true)
	c.agent(a, DICOM, "110152", "recipient", true)
	for _, s := range a.agents(DICOM, "110153") {
		same := a.Source != nil && s.Who != nil && a.Source.Observer != nil && s.Who.same(*a.Source.Observer)
		c.need(same, "agent[source].who: the source's own observer")
	}
	c.need(len(a.Entity) >= 2, "entity: 2..*")
	c.patient(a)
	return c
}

type checks []string

func (c *checks) need(holds bool, rule string) {
	if !holds {
		*c = append(*c, rule)
	}
}

var (
	idForm        = regexp.MustCompile(`^[A-Za-z0-9.-]{1,64}$`)
	referenceForm = regexp.MustCompile(`^[A-Za-z]+/[A-Za-z0-9.-]{1,64}$`)
)

func (c *checks) reference(at string, r *Reference) {
	if r == nil {
		return
	}
	c.need(r.Reference != "" || r.Identifier != nil || r.Display != "", at+": points to something")
	c.need(r.Reference == "" || referenceForm.MatchString(r.Reference) || strings.Contains(r.Reference, "://"), at+": the form of a reference")
	c.need(r.Identifier == nil || r.Identifier.Value != "", at+".identifier: a value")
}

// agent asks for exactly one agent of a type, with who.
func (c *checks) agent(a AuditEvent, system, code, name string, network bool) {
	found := a.agents(system, code)
	c.need(len(found) == 1, "agent["+name+"]: 1..1")
	for _, g := range found {
		c.need(g.Who != nil, "agent["+name+"].who: 1..1")
		c.need(!network || g.Network != nil, "agent["+name+"].network: 1..1")
	}
}

func (c *checks) patient(a AuditEvent) {
	found := a.entities("1")
	c.need(len(found) == 1, "entity[patient]: 1..1")
	for _, p := range found {
		c.need(p.Role.is(ObjectRole, "1"), "entity[patient].role: 1")
		c.need(p.What != nil && (strings.HasPrefix(p.What.Reference, "Patient/") || p.What.Type == "Patient"), "entity[patient].what: a Patient")
	}
}

func (a AuditEvent) agents(system, code string) []Agent {
	var out []Agent
	for _, g := range a.Agent {
		if g.Type.has(system, code) {
			out = append(out, g)
		}
	}
	return out
}

func (a AuditEvent) entities(code string) []Entity {
	var out []Entity
	for _, e := range a.Entity {
		if e.Type.is(EntityType, code) {
			out = append(out, e)
		}
	}
	return out
}

func (r Reference) same(o Reference) bool {
	if r.Identifier != nil && o.Identifier != nil {
		return *r.Identifier == *o.Identifier && r.Reference == o.Reference && r.Display == o.Display
	}
	return r.Identifier == o.Identifier && r.Reference == o.Reference && r.Type == o.Type && r.Display == o.Display
}
