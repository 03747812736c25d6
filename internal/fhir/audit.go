package fhir

// AuditEvent is one event of an audit log, with the elements that the portal
// writes.
type AuditEvent struct {
	ResourceType   string            `json:"resourceType"`
	ID             string            `json:"id,omitempty"`
	Meta           *Meta             `json:"meta,omitempty"`
	Type           *Coding           `json:"type,omitempty"`
	Subtype        []Coding          `json:"subtype,omitempty"`
	Action         string            `json:"action,omitempty"` // C, R, U, D or E
	Recorded       string            `json:"recorded,omitempty"`
	Outcome        string            `json:"outcome,omitempty"` // 0, 4, 8 or 12
	OutcomeDesc    string            `json:"outcomeDesc,omitempty"`
	PurposeOfEvent []CodeableConcept `json:"purposeOfEvent,omitempty"`
	Agent          []Agent           `json:"agent,omitempty"`
	Source         *Source           `json:"source,omitempty"`
	Entity         []Entity          `json:"entity,omitempty"`
}

// Meta says which profiles a resource claims.
type Meta struct {
	Profile []string `json:"profile,omitempty"`
}

// Coding is a code of a system.
type Coding struct {
	System  string `json:"system,omitempty"`
	Code    string `json:"code,omitempty"`
	Display string `json:"display,omitempty"`
}

// CodeableConcept is a code or a text.
type CodeableConcept struct {
	Coding []Coding `json:"coding,omitempty"`
	Text   string   `json:"text,omitempty"`
}

// Identifier is a name that some system gives.
type Identifier struct {
	System string `json:"system,omitempty"`
	Value  string `json:"value,omitempty"`
}

// Reference points to another resource, or names what is none.
type Reference struct {
	Reference  string      `json:"reference,omitempty"`
	Type       string      `json:"type,omitempty"`
	Identifier *Identifier `json:"identifier,omitempty"`
	Display    string      `json:"display,omitempty"`
}

// Agent took part in the event.
type Agent struct {
	Type         *CodeableConcept  `json:"type,omitempty"`
	Who          *Reference        `json:"who,omitempty"`
	AltID        string            `json:"altId,omitempty"`
	Name         string            `json:"name,omitempty"`
	Requestor    *bool             `json:"requestor,omitempty"`
	Network      *Network          `json:"network,omitempty"`
	PurposeOfUse []CodeableConcept `json:"purposeOfUse,omitempty"`
}

// Network is where an agent is. Type is 1 for a machine's name, 2 for an IP
// address, 5 for a URI.
type Network struct {
	Address string `json:"address,omitempty"`
	Type    string `json:"type,omitempty"`
}

// Source is what wrote the event down.
type Source struct {
	Site     string     `json:"site,omitempty"`
	Observer *Reference `json:"observer,omitempty"`
	Type     []Coding   `json:"type,omitempty"`
}

// Entity is what the event was about.
type Entity struct {
	What        *Reference `json:"what,omitempty"`
	Type        *Coding    `json:"type,omitempty"`
	Role        *Coding    `json:"role,omitempty"`
	Name        string     `json:"name,omitempty"`
	Description string     `json:"description,omitempty"`
	Detail      []Detail   `json:"detail,omitempty"`
}

// Detail is one more thing about an entity.
type Detail struct {
	Type        string `json:"type,omitempty"`
	ValueString string `json:"valueString,omitempty"`
}

// Bundle is AuditEvents in one resource.
type Bundle struct {
	ResourceType string        `json:"resourceType"`
	Type         string        `json:"type"`
	Timestamp    string        `json:"timestamp,omitempty"`
	Entry        []BundleEntry `json:"entry,omitempty"`
}

// BundleEntry is one resource of a Bundle.
type BundleEntry struct {
	FullURL  string      `json:"fullUrl,omitempty"`
	Resource *AuditEvent `json:"resource,omitempty"`
}

// The code systems and profiles.
const (
	AuditType      = "http://terminology.hl7.org/CodeSystem/audit-event-type"
	Interaction    = "http://hl7.org/fhir/restful-interaction"
	DICOM          = "http://dicom.nema.org/resources/ontology/DCM"
	Participation  = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
	ActReason      = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
	Lifecycle      = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
	EntityType     = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
	ObjectRole     = "http://terminology.hl7.org/CodeSystem/object-role"
	SourceType     = "http://terminology.hl7.org/CodeSystem/security-source-type"
	PatientRead    = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientRead"
	DisclosureSent = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PrivacyDisclosure.Source"
)

// Concept gives a concept of one code.
func Concept(system, code string) *CodeableConcept {
	return &CodeableConcept{Coding: []Coding{{System: system, Code: code}}}
}

func (c *CodeableConcept) has(system, code string) bool {
	if c == nil {
		return false
	}
	for _, k := range c.Coding {
		if k.is(system, code) {
			return true
		}
	}
	return false
}

func (c *Coding) is(system, code string) bool {
	return c != nil && c.System == system && c.Code == code
}
