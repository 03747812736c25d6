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

// fieldsOf is the allow-list of one role (A-02, clause 1 of the agreement;
// P-01, 45 CFR 164.514(d)(2)). A role that is not named sees nothing.
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

// MemberFields gives the facts about a member that the actor may be shown, in
// the order of Fields: what any of the actor's roles allows. It is empty for
// somebody who may see none.
func MemberFields(a Actor) []Field {
	lists := make([][]Field, 0, len(a.Roles))
	for _, r := range a.Roles {
		if a.Is(r) {
			lists = append(lists, fieldsOf(r))
		}
	}
	var out []Field
	for _, f := range Fields() {
		if slices.ContainsFunc(lists, func(l []Field) bool { return slices.Contains(l, f) }) {
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
