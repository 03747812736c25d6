package code

import "errors"

// Place is a two-digit place of service of the public CMS set.
type Place string

// What is wrong with a place of service.
var (
	ErrPlaceShape = errors.New("a place of service has two digits, such as 11 for an office")
	ErrPlace      = errors.New("no place of service has that number: choose one from the list")
)

// ParsePlace reads a place of service; one digit gets its leading zero. The
// error is ErrPlaceShape or ErrPlace.
func ParsePlace(text string) (Place, error) {
	typed := bare(text)
	if len(typed) == 1 {
		typed = "0" + typed
	}
	if len(typed) != 2 || !all(typed, isDigit) {
		return "", ErrPlaceShape
	}
	p := Place(typed)
	if p.Words() == "" {
		return "", ErrPlace
	}
	return p, nil
}

// Places lists the assigned places of service in the order of their numbers.
func Places() []Place {
	var places []Place
	for tens := byte('0'); tens <= '9'; tens++ {
		for ones := byte('0'); ones <= '9'; ones++ {
			p := Place([]byte{tens, ones})
			if p.Words() != "" {
				places = append(places, p)
			}
		}
	}
	return places
}

// Words says in our own short words what the place is, or "" for a number
// that is not assigned.
func (p Place) Words() string {
	if p < "30" {
		return p.wordsBelow30()
	}
	return p.wordsFrom30()
}

func (p Place) wordsBelow30() string {
	switch p {
	case "01":
		return "Pharmacy"
	case "02":
		return "Telehealth, patient not at home"
	case "03":
		return "School"
	case "04":
		return "Shelter for the homeless"
	case "05":
		return "Indian Health Service clinic, free-standing"
	case "06":
		return "Indian Health Service clinic of a hospital"
	case "07":
		return "Tribal (638) clinic, free-standing"
	case "08":
		return "Tribal (638) clinic of a hospital"
	case "09":
		return "Prison or jail"
	case "10":
		return "Telehealth, patient at home"
	case "11":
		return "Office"
	case "12":
		return "Patient's home"
	case "13":
		return "Assisted living"
	case "14":
		return "Group home"
	case "15":
		return "Mobile unit"
	case "16":
		return "Hotel, camp or other short stay"
	case "17":
		return "Walk-in clinic in a store"
	case "18":
		return "Patient's workplace"
	case "19":
		return "Hospital outpatient, off campus"
	case "20":
		return "Urgent care"
	case "21":
		return "Hospital inpatient"
	case "22":
		return "Hospital outpatient, on campus"
	case "23":
		return "Hospital emergency room"
	case "24":
		return "Ambulatory surgery center"
	case "25":
		return "Birthing center"
	case "26":
		return "Military hospital or clinic"
	case "27":
		return "Street outreach"
	}
	return ""
}

func (p Place) wordsFrom30() string {
	switch p {
	case "31":
		return "Skilled nursing facility"
	case "32":
		return "Nursing home"
	case "33":
		return "Custodial care home"
	case "34":
		return "Hospice"
	case "41":
		return "Ambulance by land"
	case "42":
		return "Ambulance by air or water"
	case "49":
		return "Independent clinic"
	case "50":
		return "Federally qualified health center"
	case "51":
		return "Psychiatric hospital, inpatient"
	case "52":
		return "Psychiatric day hospital"
	case "53":
		return "Community mental health center"
	case "54":
		return "Care facility for intellectual disability"
	case "55":
		return "Residential substance use treatment"
	case "56":
		return "Residential psychiatric treatment"
	case "57":
		return "Outpatient substance use treatment"
	case "58":
		return "Outpatient opioid treatment"
	case "60":
		return "Mass immunization site"
	case "61":
		return "Rehabilitation hospital, inpatient"
	case "62":
		return "Rehabilitation facility, outpatient"
	case "65":
		return "Dialysis center"
	case "66":
		return "PACE center"
	case "71":
		return "State or local public health clinic"
	case "72":
		return "Rural health clinic"
	case "81":
		return "Independent laboratory"
	case "99":
		return "Somewhere else"
	}
	return ""
}
