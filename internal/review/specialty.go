package review

import (
	"slices"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/priorauth"
)

// family is a range of procedure codes and the specialties whose physicians
// have expertise in the field of the services in it (C-21). Ranges are taken
// as text and include both ends. The wording and the choice are ours; a plan
// whose credentialing says otherwise changes this table.
type family struct {
	system      code.System
	first, last string
	specialties []access.Specialty
}

// general are the specialties of a service that belongs to no family.
func general() []access.Specialty {
	return []access.Specialty{access.InternalMedicine, access.FamilyMedicine, access.Geriatrics, access.Pediatrics, access.EmergencyMedicine}
}

func families() []family {
	surgical := []access.Specialty{access.Surgery}
	return []family{
		{code.CPT, "10000", "19999", append(surgical, access.Dermatology)},
		{code.CPT, "20000", "29999", append(surgical, access.OrthopedicSurgery, access.Neurosurgery, access.PhysicalMedicine)},
		{code.CPT, "30000", "32999", append(surgical, access.Otolaryngology, access.Pulmonology)},
		{code.CPT, "33000", "37799", append(surgical, access.Cardiology, access.VascularSurgery)},
		{code.CPT, "38000", "39999", append(surgical, access.Hematology, access.Oncology)},
		{code.CPT, "40000", "49999", append(surgical, access.Gastroenterology)},
		{code.CPT, "50000", "55999", append(surgical, access.Urology, access.Nephrology)},
		{code.CPT, "56000", "59999", append(surgical, access.Obstetrics)},
		{code.CPT, "60000", "64999", append(surgical, access.Neurosurgery, access.Neurology, access.Endocrinology, access.PainMedicine)},
		{code.CPT, "65000", "68999", []access.Specialty{access.Ophthalmology}},
		{code.CPT, "69000", "69999", []access.Specialty{access.Otolaryngology}},
		{code.CPT, "70000", "79999", []access.Specialty{access.Radiology, access.OrthopedicSurgery, access.Neurology, access.Oncology, access.Cardiology, access.InternalMedicine}},
		{code.CPT, "80000", "89999", []access.Specialty{access.Pathology, access.Hematology, access.Oncology, access.InternalMedicine}},
		{code.CPT, "90785", "90899", []access.Specialty{access.Psychiatry}},
		{code.CPT, "92920", "93999", []access.Specialty{access.Cardiology, access.VascularSurgery, access.InternalMedicine}},
		{code.CPT, "94000", "94799", []access.Specialty{access.Pulmonology, access.InternalMedicine}},
		{code.CPT, "95700", "96020", []access.Specialty{access.Neurology}},
		{code.CPT, "96360", "96549", []access.Specialty{access.Oncology, access.Hematology, access.Rheumatology, access.InternalMedicine}},
		{code.CPT, "97000", "97799", []access.Specialty{access.PhysicalMedicine, access.OrthopedicSurgery, access.Neurology}},
		{code.HCPCS, "E0000", "E0599", []access.Specialty{access.Pulmonology, access.InternalMedicine, access.FamilyMedicine}},
		{code.HCPCS, "E0600", "E0609", []access.Specialty{access.Pulmonology, access.Neurology, access.InternalMedicine}},
		{code.HCPCS, "E0610", "E8999", []access.Specialty{access.PhysicalMedicine, access.OrthopedicSurgery, access.InternalMedicine, access.FamilyMedicine}},
		{code.HCPCS, "K0000", "K9999", []access.Specialty{access.PhysicalMedicine, access.OrthopedicSurgery, access.InternalMedicine}},
		{code.HCPCS, "L0000", "L9999", []access.Specialty{access.PhysicalMedicine, access.OrthopedicSurgery}},
		{code.HCPCS, "H0000", "H9999", []access.Specialty{access.Psychiatry}},
		{code.HCPCS, "J9000", "J9999", []access.Specialty{access.Oncology, access.Hematology}},
	}
}

// fitting gives the specialties that fit one line.
func fitting(l priorauth.Line) []access.Specialty {
	for _, f := range families() {
		if f.system == l.System && f.first <= l.Code && l.Code <= f.last {
			return f.specialties
		}
	}
	return general()
}

// Fitting gives the specialties that fit every one of the lines, in
// alphabetical order. It may be empty: then lines go to different physicians.
func Fitting(lines []priorauth.Line) []access.Specialty {
	var out []access.Specialty
	for _, s := range access.Specialties() {
		if !slices.ContainsFunc(lines, func(l priorauth.Line) bool { return !slices.Contains(fitting(l), s) }) {
			out = append(out, s)
		}
	}
	return out
}
