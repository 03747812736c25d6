package fhir

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hsconnect/internal/portaltest/shared"
)

func ptr(b bool) *bool { return &b }

func read() AuditEvent {
	return AuditEvent{
		ResourceType: "AuditEvent", ID: "a1", Meta: &Meta{Profile: []string{PatientRead}}, Type: &Coding{System: AuditType, Code: "rest"},
		Subtype: []Coding{{System: Interaction, Code: "read"}}, Action: "R", Recorded: "2026-11-23T20:00:00.000Z", Outcome: "0",
		Agent: []Agent{
			{Type: Concept(DICOM, "110152"), Who: &Reference{Display: "Browser"}, Requestor: ptr(false), Network: &Network{Address: "192.0.2.7", Type: "2"}},
			{Type: Concept(DICOM, "110153"), Who: &Reference{Display: "Portal"}, Requestor: ptr(false), Network: &Network{Address: "https://portal.example.org", Type: "5"}},
			{Type: Concept(Participation, "IRCP"), Who: &Reference{Display: "Dana"}, Name: "Dana", Requestor: ptr(true), PurposeOfUse: []CodeableConcept{*Concept(ActReason, "TREAT")}},
		},
		Source: &Source{Observer: &Reference{Display: "Portal"}},
		Entity: []Entity{
			{What: &Reference{Reference: "Patient/1"}, Type: &Coding{System: EntityType, Code: "1"}, Role: &Coding{System: ObjectRole, Code: "1"}},
			{What: &Reference{Identifier: &Identifier{Value: "request/1"}}, Type: &Coding{System: EntityType, Code: "2"}, Role: &Coding{System: ObjectRole, Code: "4"}},
		},
	}
}

func sent() AuditEvent {
	a := read()
	a.Meta.Profile = []string{DisclosureSent}
	a.Type = &Coding{System: DICOM, Code: "110106"}
	a.Subtype = []Coding{{System: Lifecycle, Code: "disclose"}}
	return a
}

func TestProfilesHold(t *testing.T) {
	if bad := read().CheckPatientRead(); len(bad) > 0 {
		t.Errorf("read: %v", bad)
	}
	if bad := sent().CheckDisclosureSource(); len(bad) > 0 {
		t.Errorf("sent: %v", bad)
	}
	for name, c := range map[string]struct {
		edit func(*AuditEvent)
		rule string
	}{
		"another type":          {func(a *AuditEvent) { a.Type.Code = "110106" }, "type: rest"},
		"no read":               {func(a *AuditEvent) { a.Subtype = nil }, "subtype: one read"},
		"two reads":             {func(a *AuditEvent) { a.Subtype = append(a.Subtype, Coding{System: Interaction, Code: "vread"}) }, "subtype: one read"},
		"another action":        {func(a *AuditEvent) { a.Action = "E" }, "action: R"},
		"a failure":             {func(a *AuditEvent) { a.Outcome = "4" }, "outcome: 0"},
		"no client":             {func(a *AuditEvent) { a.Agent = a.Agent[1:] }, "agent[client]: 1..1"},
		"a client from nowhere": {func(a *AuditEvent) { a.Agent[0].Network = nil }, "agent[client].network: 1..1"},
		"nobody knows who":      {func(a *AuditEvent) { a.Agent[1].Who = nil }, "agent[server].who: 1..1"},
		"a user with a network": {func(a *AuditEvent) { a.Agent[2].Network = &Network{Address: "x", Type: "1"} }, "agent[user]: who, requestor, and no network"},
		"no patient":            {func(a *AuditEvent) { a.Entity = a.Entity[1:] }, "entity[patient]: 1..1"},
		"two patients":          {func(a *AuditEvent) { a.Entity = append(a.Entity, a.Entity[0]) }, "entity[patient]: 1..1"},
		"no data":               {func(a *AuditEvent) { a.Entity = a.Entity[:1] }, "entity[data]: 1..1 with what"},
		"data in another role":  {func(a *AuditEvent) { a.Entity[1].Role.Code = "1" }, "entity[data].role: 3, 4 or 20"},
		"no time":               {func(a *AuditEvent) { a.Recorded = "yesterday" }, "recorded: an instant with its zone"},
		"no observer":           {func(a *AuditEvent) { a.Source = nil }, "source.observer: 1..1"},
		"an agent of nobody":    {func(a *AuditEvent) { a.Agent[0].Requestor = nil }, "agent[0].requestor: 1..1"},
		"an odd id":             {func(a *AuditEvent) { a.ID = "a b" }, "id: 1 to 64 letters, digits, dots and hyphens"},
	} {
		a := read()
		c.edit(&a)
		if !strings.Contains(strings.Join(a.CheckPatientRead(), "\n"), c.rule) {
			t.Errorf("%s: %v", name, a.CheckPatientRead())
		}
	}
	for name, c := range map[string]struct {
		edit func(*AuditEvent)
		rule string
	}{
		"a read":            {func(a *AuditEvent) { a.Type = read().Type }, "type: 110106"},
		"no disclosure":     {func(a *AuditEvent) { a.Subtype = read().Subtype }, "subtype: disclose"},
		"another source":    {func(a *AuditEvent) { a.Source.Observer = &Reference{Display: "Somebody"} }, "agent[source].who: the source's own observer"},
		"no recipient":      {func(a *AuditEvent) { a.Agent = a.Agent[1:] }, "agent[recipient]: 1..1"},
		"nothing disclosed": {func(a *AuditEvent) { a.Entity = a.Entity[:1] }, "entity: 2..*"},
	} {
		a := sent()
		c.edit(&a)
		if !strings.Contains(strings.Join(a.CheckDisclosureSource(), "\n"), c.rule) {
			t.Errorf("%s: %v", name, a.CheckDisclosureSource())
		}
	}
}

func TestLinesRoundTrip(t *testing.T) {
	var out bytes.Buffer
	want := []AuditEvent{read(), sent()}
	for _, a := range want {
		if err := WriteLine(&out, a); err != nil {
			t.Fatal(err)
		}
	}
	var got []AuditEvent
	err := ReadLines(bytes.NewReader(out.Bytes()), func(a AuditEvent) error { got = append(got, a); return nil })
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n%+v", err, got)
	}
	a, b := read(), sent()
	text, err := json.Marshal(Bundle{ResourceType: "Bundle", Type: "collection", Entry: []BundleEntry{{Resource: &a}, {Resource: &b}}})
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := ParseBundle(text)
	if err != nil || len(bundle.Entry) != 2 || !reflect.DeepEqual(*bundle.Entry[1].Resource, b) {
		t.Errorf("%v %+v", err, bundle)
	}
}

func TestWhatWouldBeLostIsRefused(t *testing.T) {
	good, err := json.Marshal(read())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		old, new string
		want     error
	}{
		"an unknown element":     {`"action":"R"`, `"action":"R","mood":"good"`, ErrLossy},
		"a name in another case": {`"action":"R"`, `"Action":"R"`, ErrLossy},
		"a name twice":           {`"action":"R"`, `"action":"R","action":"R"`, ErrTwice},
		"a null":                 {`"action":"R"`, `"action":null`, ErrLossy},
		"an empty text":          {`"action":"R"`, `"action":""`, ErrLossy},
		"a number":               {`"action":"R"`, `"action":1`, ErrLossy},
		"another resource":       {`"AuditEvent"`, `"Patient"`, ErrResource},
		"something behind":       {`{"resourceType"`, `{}{"resourceType"`, ErrJSON},
		"deep":                   {`"action":"R"`, `"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40), ErrDeep},
		"half":                   {`"action":"R"`, `"action":`, ErrJSON},
	} {
		_, err := ParseAuditEvent([]byte(strings.Replace(string(good), c.old, c.new, 1)))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseAuditEvent(make([]byte, maxResource+1)); !errors.Is(err, ErrLarge) {
		t.Errorf("too large: %v", err)
	}
	err = ReadLines(strings.NewReader(string(good)+"\n{}\n"), func(AuditEvent) error { return nil })
	if err == nil || !strings.HasPrefix(err.Error(), "line 2: ") {
		t.Errorf("the error does not name the line: %v", err)
	}
}

// The elements that we write are those of the published R4 definition, with
// its names and cardinalities.
func TestElementsAreThoseOfTheBaseResource(t *testing.T) {
	elements := published(t)
	text, err := json.Marshal([]AuditEvent{read(), sent()})
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		delete(a, "resourceType")
		for _, e := range elements {
			depth := strings.Count(e.Path, ".")
			if depth == 1 && e.Min > 0 {
				if _, ok := a[strings.TrimPrefix(e.Path, "AuditEvent.")]; !ok {
					t.Errorf("%s is required", e.Path)
				}
			}
		}
		walk(t, "AuditEvent", a, elements)
	}
}

type element struct {
	Path string
	Min  int
	Max  string
}

func walk(t *testing.T, at string, object map[string]any, elements map[string]element) {
	t.Helper()
	for name, v := range object {
		path := at + "." + name
		e, ok := elements[path]
		if !ok && strings.HasPrefix(name, "value") {
			_, ok = elements[at+".value[x]"]
			e.Max = "1"
		}
		if !ok {
			t.Errorf("%s is no element of the base resource", path)
			continue
		}
		list, isList := v.([]any)
		if isList != (e.Max == "*") {
			t.Errorf("%s: at most %s", path, e.Max)
		}
		if !isList {
			list = []any{v}
		}
		for _, one := range list {
			// Below are the data types, which have definitions of their own.
			if o, ok := one.(map[string]any); ok && backbone(path) {
				walk(t, path, o, elements)
			}
		}
	}
}

func backbone(path string) bool {
	switch path {
	case "AuditEvent.agent", "AuditEvent.agent.network", "AuditEvent.source", "AuditEvent.entity", "AuditEvent.entity.detail":
		return true
	}
	return false
}

// published reads the definition from the package of FHIR R4 core.
func published(t *testing.T) map[string]element {
	t.Helper()
	f, err := os.Open(filepath.Join(shared.Dir(t, "data/fhir/packages"), "hl7.fhir.r4.core-4.0.1.tgz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for files := tar.NewReader(z); ; {
		h, err := files.Next()
		if err != nil {
			t.Fatal("the definition is not in the package: ", err)
		}
		if !strings.HasSuffix(h.Name, "/StructureDefinition-AuditEvent.json") {
			continue
		}
		text, err := io.ReadAll(files)
		if err != nil {
			t.Fatal(err)
		}
		var def struct {
			Snapshot struct {
				Element []element `json:"element"`
			} `json:"snapshot"`
		}
		if err := json.Unmarshal(text, &def); err != nil {
			t.Fatal(err)
		}
		out := map[string]element{}
		for _, e := range def.Snapshot.Element {
			out[e.Path] = e
		}
		return out
	}
}

func FuzzParseAuditEvent(f *testing.F) {
	for _, a := range []AuditEvent{read(), sent(), {ResourceType: "AuditEvent"}} {
		text, err := json.Marshal(a)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"resourceType":"AuditEvent","entity":[{"detail":[{"type":"a","valueString":"b"}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := ParseAuditEvent(text)
		if err != nil {
			return
		}
		_ = a.CheckPatientRead()
		_ = a.CheckDisclosureSource()
		again, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		b, err := ParseAuditEvent(again)
		if err != nil || !reflect.DeepEqual(a, b) {
			t.Fatalf("%v: %s", err, again)
		}
	})
}
