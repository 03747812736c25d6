package access

import "slices"

// Field is one fact about a member.
type Field string

// The facts about a member that the portal knows.
const (
	FieldName     Field = "name"
	FieldBirth    Field = "birth date"
	FieldMemberID Field = "member id"
	FieldGender   Field = "gender"
	FieldAddress  Field = "address"
	FieldPhone    Field = "telephone"
	FieldLanguage Field = "language"
	FieldPlan     Field = "plan"
	FieldCoverage Field = "coverage"
	FieldPCP      Field = "primary care provider"
	FieldCopays   Field = "copays"
	FieldSpent    Field = "deductible and out-of-pocket"
	FieldOther    Field = "other coverage"
	FieldNeeded   Field = "authorization needed"
	FieldRequests Field = "requests"
	FieldClaims   Field = "claims"
	FieldAmounts  Field = "claim amounts"
	FieldMedicare Field = "medicare number"
)

// Fields gives every fact there is, in the order a page shows them.
func Fields() []Field {
	return []Field{
		FieldName, FieldBirth, FieldMemberID, FieldGender, FieldAddress, FieldPhone, FieldLanguage,
		FieldPlan, FieldCoverage, FieldPCP, FieldCopays, FieldSpent, FieldOther, FieldNeeded, FieldRequests,
		FieldClaims, FieldAmounts, FieldMedicare,
	}
}

// fieldsOf is the allow-list of one role as the portal is shipped (A-02,
// clause 1 of the agreement; P-01, 45 CFR 164.514(d)(2)), for every purpose. A
// role that is not named sees nothing. Package minimum keeps what two people
// have changed since.
func fieldsOf(r Role) []Field {
	switch r {
	case LocalAdmin, Requester, Clinician:
		return []Field{FieldName, FieldBirth, FieldMemberID, FieldPlan, FieldCoverage, FieldPCP, FieldCopays, FieldSpent, FieldOther, FieldNeeded, FieldRequests, FieldClaims, FieldAmounts}
	case Viewer:
		return []Field{FieldName, FieldBirth, FieldMemberID, FieldPlan, FieldCoverage, FieldPCP, FieldCopays, FieldSpent, FieldOther, FieldNeeded, FieldRequests, FieldClaims}
	case Intake, Nurse, MedicalDirector, Operator:
		// Those who judge a case, and the export of its complete record.
		return Fields()
	case PrivacyOfficer:
		return []Field{FieldName, FieldBirth, FieldMemberID, FieldRequests}
	case HelpDesk, ProviderRelations, SecurityOfficer, PlanAdmin, Machine:
		return nil
	}
	return nil
}

// DefaultFields gives the facts about a member that a role may be shown as
// the portal is shipped, in the order of Fields.
func DefaultFields(r Role) []Field { return InOrder(fieldsOf(r)) }

// Ceiling says whether a role may ever be given a fact, and why not. No change
// of the allow-lists goes above it (P-01; P-13, 45 CFR 164.522(b)).
func Ceiling(r Role, f Field) (ok bool, why string) {
	switch r.Side() {
	case Office:
		return officeCeiling(r, f)
	case Plan:
		return planCeiling(r, f)
	case System:
	}
	return slices.Contains(fieldsOf(r), f), "The portal itself and its operator see what their work takes, which no table changes"
}

func officeCeiling(r Role, f Field) (ok bool, why string) {
	switch f {
	case FieldAddress, FieldPhone:
		return false, "An office never sees where a member lives or can be reached: somebody may depend on it (45 CFR 164.522(b)), and the office asks the patient"
	case FieldGender, FieldLanguage:
		return false, "An office has the patient before it and needs neither from the plan"
	case FieldMedicare:
		return false, "An office may find a member by the Medicare number on the card, and is never shown it"
	case FieldAmounts:
		return r != Viewer, "A viewer looks and never bills: amounts do not belong to that"
	case FieldName, FieldBirth, FieldMemberID, FieldPlan, FieldCoverage, FieldPCP, FieldCopays, FieldSpent, FieldOther, FieldNeeded, FieldRequests, FieldClaims:
	}
	return true, ""
}

func planCeiling(r Role, f Field) (ok bool, why string) {
	switch r {
	case HelpDesk, ProviderRelations, SecurityOfficer, PlanAdmin:
		return false, "This role works on accounts, organizations and settings, never on members"
	case PrivacyOfficer:
		return f != FieldAmounts, "Who answers for privacy accounts for what was shown, not for what was paid"
	case Intake, Nurse, MedicalDirector, LocalAdmin, Requester, Viewer, Clinician, Operator, Machine:
	}
	return true, ""
}

// Floor says whether a role cannot do its work without a fact: whoever may see
// requests has to know whose they are. Taking it away means taking the
// permission away.
func Floor(r Role, f Field) bool {
	return (f == FieldName || f == FieldMemberID || f == FieldRequests) && r.Permits(ViewRequests)
}

// Implies gives the fact that another one tells by itself, so that a role is
// shown it only together with that: whose plan is named is covered.
func (f Field) Implies() (Field, bool) {
	switch f {
	case FieldPlan, FieldCopays, FieldSpent, FieldNeeded:
		return FieldCoverage, true
	case FieldAmounts:
		return FieldClaims, true
	case FieldName, FieldBirth, FieldMemberID, FieldGender, FieldAddress, FieldPhone, FieldLanguage, FieldCoverage, FieldPCP, FieldOther, FieldRequests, FieldClaims, FieldMedicare:
	}
	return "", false
}

// InOrder gives the fields in the order of Fields, each once. What is no
// field is left out.
func InOrder(fields []Field) []Field {
	var out []Field
	for _, f := range Fields() {
		if slices.Contains(fields, f) {
			out = append(out, f)
		}
	}
	return out
}

// Specialty is a field of medicine in our own short words.
type Specialty string

// The specialties that a physician at the plan can hold and that a kind of
// service can ask for.
const (
	Cardiology        Specialty = "cardiology"
	Dermatology       Specialty = "dermatology"
	EmergencyMedicine Specialty = "emergency medicine"
	Endocrinology     Specialty = "endocrinology"
	FamilyMedicine    Specialty = "family medicine"
	Gastroenterology  Specialty = "gastroenterology"
	Geriatrics        Specialty = "geriatrics"
	Hematology        Specialty = "hematology"
	InfectiousDisease Specialty = "infectious disease"
	InternalMedicine  Specialty = "internal medicine"
	Nephrology        Specialty = "nephrology"
	Neurology         Specialty = "neurology"
	Neurosurgery      Specialty = "neurosurgery"
	Obstetrics        Specialty = "obstetrics and gynecology"
	Oncology          Specialty = "oncology"
	Ophthalmology     Specialty = "ophthalmology"
	OrthopedicSurgery Specialty = "orthopedic surgery"
	Otolaryngology    Specialty = "otolaryngology"
	PainMedicine      Specialty = "pain medicine"
	Pathology         Specialty = "pathology"
	Pediatrics        Specialty = "pediatrics"
	PhysicalMedicine  Specialty = "physical medicine"
	Psychiatry        Specialty = "psychiatry"
	Pulmonology       Specialty = "pulmonology"
	Radiology         Specialty = "radiology"
	Rheumatology      Specialty = "rheumatology"
	Surgery           Specialty = "surgery"
	Urology           Specialty = "urology"
	VascularSurgery   Specialty = "vascular surgery"
)

// Specialties gives all of them, in alphabetical order.
func Specialties() []Specialty {
	return []Specialty{
		Cardiology, Dermatology, EmergencyMedicine, Endocrinology, FamilyMedicine, Gastroenterology, Geriatrics,
		Hematology, InfectiousDisease, InternalMedicine, Nephrology, Neurology, Neurosurgery, Obstetrics, Oncology,
		Ophthalmology, OrthopedicSurgery, Otolaryngology, PainMedicine, Pathology, Pediatrics, PhysicalMedicine,
		Psychiatry, Pulmonology, Radiology, Rheumatology, Surgery, Urology, VascularSurgery,
	}
}

// Valid reports whether s is one of the specialties.
func (s Specialty) Valid() bool { return slices.Contains(Specialties(), s) }
