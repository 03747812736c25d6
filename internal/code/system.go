// Package code promises that a code has the shape its system gives it, is
// written in one form, and is known or not on a given day. It ships no
// licensed text: shapes and identifiers only, our own words for the public
// set of places of service, and a table that the operator loads (T-07, T-09;
// 45 CFR 162.925(c), 162.1002).
//
// Every error of a Parse function may be shown as it stands: it says what to
// do and does not repeat what was typed.
package code

import "strings"

// System names a code system in our database, our files and our programs. At
// the doors it becomes a URI (FHIR) or a qualifier (X12).
type System string

// The systems a request may speak.
const (
	ICD10CM        System = "icd-10-cm"
	ICD10PCS       System = "icd-10-pcs"
	HCPCS          System = "hcpcs"
	CPT            System = "cpt"
	PlaceOfService System = "pos"
	Taxonomy       System = "taxonomy"
	Revenue        System = "revenue"
	NDC            System = "ndc"
	LOINC          System = "loinc"

	// What remittances and claim statuses speak.
	AdjustmentReason System = "carc"
	RemarkCode       System = "rarc"
	ClaimCategory    System = "claim-category"
	ClaimStatus      System = "claim-status"
)

// Identifier systems of FHIR, which name somebody and not something.
const (
	NPIURI = "http://hl7.org/fhir/sid/us-npi"
	TINURI = "http://terminology.hl7.org/NamingSystem/USEIN"
)

// X12 qualifiers that depend on the role of a code and not on its system
// alone. Qualifier gives the others.
const (
	QualifierPrincipal = "ABK" // HI: the principal diagnosis
	QualifierAdmitting = "ABJ" // HI: the admitting diagnosis
	QualifierNPI       = "XX"  // NM108
	QualifierTIN       = "24"  // NM108, an employer's number
)

// Systems lists every system, in the order in which they are documented.
func Systems() []System {
	return []System{ICD10CM, ICD10PCS, HCPCS, CPT, PlaceOfService, Taxonomy, Revenue, NDC, LOINC, AdjustmentReason, RemarkCode, ClaimCategory, ClaimStatus}
}

// Name is what people call the system.
func (s System) Name() string {
	switch s {
	case ICD10CM:
		return "ICD-10-CM diagnosis"
	case ICD10PCS:
		return "ICD-10-PCS procedure"
	case HCPCS:
		return "HCPCS"
	case CPT:
		return "CPT"
	case PlaceOfService:
		return "place of service"
	case Taxonomy:
		return "provider taxonomy"
	case Revenue:
		return "revenue code"
	case NDC:
		return "national drug code"
	case LOINC:
		return "LOINC"
	case AdjustmentReason:
		return "claim adjustment reason"
	case RemarkCode:
		return "remittance remark"
	case ClaimCategory:
		return "claim status category"
	case ClaimStatus:
		return "claim status"
	}
	return "unknown"
}

// URI is the address by which FHIR knows the system, or "" for a System that
// is none of ours.
func (s System) URI() string {
	switch s {
	case ICD10CM:
		return "http://hl7.org/fhir/sid/icd-10-cm"
	case ICD10PCS:
		return "http://www.cms.gov/Medicare/Coding/ICD10"
	case HCPCS:
		return "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
	case CPT:
		return "http://www.ama-assn.org/go/cpt"
	case PlaceOfService:
		return "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
	case Taxonomy:
		return "http://nucc.org/provider-taxonomy"
	case Revenue:
		return "https://www.nubc.org/CodeSystem/RevenueCodes"
	case NDC:
		return "http://hl7.org/fhir/sid/ndc"
	case LOINC:
		return "http://loinc.org"
	case AdjustmentReason:
		return "https://x12.org/codes/claim-adjustment-reason-codes"
	case RemarkCode:
		return "https://x12.org/codes/remittance-advice-remark-codes"
	case ClaimCategory:
		return "https://x12.org/codes/claim-status-category-codes"
	case ClaimStatus:
		return "https://x12.org/codes/claim-status-codes"
	}
	return ""
}

// Qualifier is the X12 qualifier of the system, or "" where the position
// alone tells (revenue codes). HCPCS and CPT share one.
func (s System) Qualifier() string {
	switch s {
	case ICD10CM:
		return "ABF"
	case ICD10PCS:
		return "BBR"
	case HCPCS, CPT:
		return "HC"
	case PlaceOfService:
		return "B"
	case Taxonomy:
		return "PXC"
	case NDC:
		return "N4"
	case LOINC:
		return "LOI"
	case RemarkCode:
		return "HE"
	case Revenue, AdjustmentReason, ClaimCategory, ClaimStatus:
		return ""
	}
	return ""
}

// SystemOf reads a system as files and machines name it: our name in any
// case, the FHIR address, or one of the addresses that published examples
// use for the same system.
func SystemOf(text string) (System, bool) {
	text = strings.TrimSpace(text)
	for _, s := range Systems() {
		if strings.EqualFold(text, string(s)) || text == s.URI() {
			return s, true
		}
	}
	switch text {
	case "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "https://bluebutton.cms.gov/resources/codesystem/hcpcs":
		return HCPCS, true
	case "https://www.nubc.org/revenue-code":
		return Revenue, true
	}
	return "", false
}
