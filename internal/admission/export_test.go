package admission

import "hsconnect/internal/fault"

// CheckRegistration gives the problems of a registration's own fields.
func CheckRegistration(n NewRegistration) []fault.Problem {
	n.Name, n.Email = clean(n.Name), clean(n.Email)
	_, _, bad := n.check()
	return bad
}
