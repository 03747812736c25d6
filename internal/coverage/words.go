package coverage

import "strconv"

// Words names the kind as it stands on a page.
func (k Kind) Words() string {
	switch k {
	case Deductible:
		return "Deductible"
	case FamilyDeductible:
		return "Family deductible"
	case OutOfPocket:
		return "Out-of-pocket limit"
	case FamilyPocket:
		return "Family out-of-pocket limit"
	}
	return string(k)
}

// Words says whether a service needs an authorization.
func (n Needed) Words() string {
	switch n {
	case NeededYes:
		return "Yes"
	case NeededNo:
		return "No"
	case NeededMaybe:
		return "It depends"
	}
	return "Not stated"
}

// Words says when another insurance pays.
func (p Pays) Words() string {
	switch p {
	case PaysFirst:
		return "Pays first"
	case PaysSecond:
		return "Pays second"
	case PaysThird:
		return "Pays third"
	case PaysUnknown:
	}
	return "Order not known"
}

// Pays says what the member pays: "$35", "20%", or a dash where the plan
// states nothing.
func (c Copay) Pays() string {
	switch {
	case c.Unpriced:
		return "—"
	case c.Percent > 0:
		return strconv.FormatInt(c.Percent, 10) + "%"
	}
	return Dollars(c.Cents)
}

// Dollars writes cents as people do: "$1,234.50", without cents where there
// are none.
func Dollars(cents int64) string {
	whole := strconv.FormatInt(cents/100, 10)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if part := cents % 100; part != 0 {
		whole += "." + strconv.FormatInt(part+100, 10)[1:]
	}
	return "$" + whole
}
