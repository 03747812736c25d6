package privacy

import (
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fhir"
	"hsconnect/internal/id"
)

// AuditEvents gives the lines as FHIR AuditEvents (IHE BALP 1.1.4): what was
// shown as PatientRead, a refused attempt as a read that failed, and what was
// disclosed outside as PrivacyDisclosure.Source. They hold no token and no
// secret (G-15): a session is named by its reference, which opens nothing.
func (a Account) AuditEvents(s *Service) []fhir.AuditEvent {
	out := make([]fhir.AuditEvent, 0, len(a.Lines))
	for _, l := range a.Lines {
		if l.Look != nil {
			out = append(out, s.readEvent(*l.Look, a.Who.Number))
		} else if l.Outside != nil {
			out = append(out, s.sentEvent(*l.Outside, a.Who.Number))
		}
	}
	return out
}

// WriteNDJSON writes the AuditEvents, one a line.
func (a Account) WriteNDJSON(w io.Writer, s *Service) error {
	for _, e := range a.AuditEvents(s) {
		err := fhir.WriteLine(w, e)
		if err != nil {
			return err
		}
	}
	return nil
}

// Bundle gives the AuditEvents as one collection.
func (a Account) Bundle(s *Service) fhir.Bundle {
	b := fhir.Bundle{ResourceType: "Bundle", Type: "collection", Timestamp: instant(a.At)}
	for _, e := range a.AuditEvents(s) {
		b.Entry = append(b.Entry, fhir.BundleEntry{FullURL: s.Site + "/fhir/AuditEvent/" + e.ID, Resource: &e})
	}
	return b
}

const (
	deviceSystem  = "urn:ietf:rfc:3986"
	machineName   = "1"
	ipAddress     = "2"
	uri           = "5"
	success       = "0"
	minorFailure  = "4"
	applicationIs = "4" // of security-source-type: an application server
)

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

func yes(b bool) *bool { return &b }

// server is the portal as it names itself.
func (s *Service) server() *fhir.Reference {
	return &fhir.Reference{Type: "Device", Identifier: &fhir.Identifier{System: deviceSystem, Value: or(s.Site, "urn:hsconnect")}, Display: s.Plan + " provider portal"}
}

func (s *Service) source() *fhir.Source {
	return &fhir.Source{Site: s.Plan, Observer: s.server(), Type: []fhir.Coding{{System: fhir.SourceType, Code: applicationIs}}}
}

func (s *Service) here() *fhir.Network {
	if s.Site == "" {
		return &fhir.Network{Address: "localhost", Type: machineName}
	}
	return &fhir.Network{Address: s.Site, Type: uri}
}

// there is the network that somebody came from.
func there(address string) *fhir.Network {
	if net.ParseIP(address) != nil {
		return &fhir.Network{Address: address, Type: ipAddress}
	}
	return &fhir.Network{Address: or(address, "localhost"), Type: machineName}
}

func purpose(p access.Purpose) []fhir.CodeableConcept {
	code := string(p)
	if p == access.Treatment {
		code = "TREAT" // HL7's code; the ledger keeps the longer word
	}
	return []fhir.CodeableConcept{*fhir.Concept(fhir.ActReason, code)}
}

// doors names what somebody came with.
func doorWords(door string) string {
	switch door {
	case access.DoorWeb:
		return "Web browser"
	case access.DoorCLI:
		return "Command line of the portal"
	case access.DoorJob:
		return "The portal itself"
	}
	return "Program"
}

func (s *Service) readEvent(r disclosure.Row, number string) fhir.AuditEvent {
	client := &fhir.Reference{Display: doorWords(r.Door)}
	if r.Session != "" {
		client.Identifier = &fhir.Identifier{System: s.system("session"), Value: string(r.Session)}
	}
	e := fhir.AuditEvent{
		ResourceType: "AuditEvent", ID: string(r.ID), Meta: &fhir.Meta{Profile: []string{fhir.PatientRead}},
		Type: &fhir.Coding{System: fhir.AuditType, Code: "rest"}, Subtype: []fhir.Coding{{System: fhir.Interaction, Code: "read"}},
		Action: "R", Recorded: instant(r.At), Outcome: success, PurposeOfEvent: purpose(r.Purpose),
		Agent: []fhir.Agent{
			{Type: fhir.Concept(fhir.DICOM, "110152"), Who: client, Requestor: yes(false), Network: there(r.Address)},
			{Type: fhir.Concept(fhir.DICOM, "110153"), Who: s.server(), Requestor: yes(false), Network: s.here()},
			{Type: fhir.Concept(fhir.Participation, "IRCP"), Who: s.person(r), AltID: r.Username, Name: r.Name, Requestor: yes(true), PurposeOfUse: purpose(r.Purpose)},
		},
		Source: s.source(),
		Entity: []fhir.Entity{s.patient(r.Member, number), s.data(r)},
	}
	if r.Outcome == disclosure.Refused {
		e.Meta, e.Outcome, e.OutcomeDesc = nil, minorFailure, "Refused: nothing was shown"
	}
	return e
}

func (s *Service) person(r disclosure.Row) *fhir.Reference {
	return &fhir.Reference{Identifier: &fhir.Identifier{System: s.system("person"), Value: string(r.Person)}, Display: strings.TrimSuffix(r.Name+", "+or(r.OrgName, s.Plan), ", ")}
}

// system names a naming system of the portal.
func (s *Service) system(of string) string {
	u, err := url.Parse(s.Site)
	if err != nil || u.Host == "" {
		return "urn:hsconnect:" + of
	}
	return s.Site + "/ns/" + of
}

// patient names the member by reference, and by the member ID where it may be shown.
func (s *Service) patient(m id.Member, number string) fhir.Entity {
	what := &fhir.Reference{Reference: "Patient/" + string(m), Type: "Patient"}
	if number != "" {
		what.Identifier = &fhir.Identifier{System: s.system("member"), Value: number}
	}
	return fhir.Entity{What: what,
		Type: &fhir.Coding{System: fhir.EntityType, Code: "1"}, Role: &fhir.Coding{System: fhir.ObjectRole, Code: "1"}}
}

// data is what was opened, with the facts that were shown.
func (s *Service) data(r disclosure.Row) fhir.Entity {
	e := fhir.Entity{What: &fhir.Reference{Identifier: &fhir.Identifier{System: s.system("subject"), Value: r.Subject}},
		Type: &fhir.Coding{System: fhir.EntityType, Code: "2"}, Role: &fhir.Coding{System: fhir.ObjectRole, Code: "4"}, Description: describe(r)}
	for _, f := range r.Fields {
		e.Detail = append(e.Detail, fhir.Detail{Type: "field", ValueString: string(f)})
	}
	if r.Tie != "" {
		e.Detail = append(e.Detail, fhir.Detail{Type: "relation", ValueString: r.Tie})
	}
	return e
}

// sentEvent tells a disclosure outside the portal. How it went is not known,
// so the recipient's network is its address, or its name.
func (s *Service) sentEvent(o disclosure.Outside, number string) fhir.AuditEvent {
	return fhir.AuditEvent{
		ResourceType: "AuditEvent", ID: string(o.ID), Meta: &fhir.Meta{Profile: []string{fhir.DisclosureSent}},
		Type: &fhir.Coding{System: fhir.DICOM, Code: "110106"}, Subtype: []fhir.Coding{{System: fhir.Lifecycle, Code: "disclose"}},
		Action: "R", Recorded: instant(o.On.In(s.Zone)), Outcome: success, PurposeOfEvent: []fhir.CodeableConcept{{Text: o.Purpose + " (" + string(o.Basis) + ")"}},
		Agent: []fhir.Agent{
			{Type: fhir.Concept(fhir.DICOM, "110153"), Who: s.server(), Requestor: yes(false), Network: s.here()},
			{Type: fhir.Concept(fhir.DICOM, "110152"), Who: &fhir.Reference{Display: o.Recipient}, Name: o.Recipient, Requestor: yes(false),
				Network: &fhir.Network{Address: oneLine(or(o.Address, o.Recipient)), Type: machineName}},
		},
		Source: s.source(),
		Entity: []fhir.Entity{s.patient(o.Member, number), {What: &fhir.Reference{Identifier: &fhir.Identifier{System: s.system("subject"), Value: "outside/" + string(o.ID)}},
			Type: &fhir.Coding{System: fhir.EntityType, Code: "2"}, Role: &fhir.Coding{System: fhir.ObjectRole, Code: "3"}, Description: o.Description}},
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
