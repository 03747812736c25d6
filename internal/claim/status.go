package claim

import "slices"

// Status is where a claim stands, in words of our own. The codes of X12 stand
// beside it.
type Status string

// The statuses.
const (
	Received    Status = "received"
	InProcess   Status = "in process"
	Waiting     Status = "waiting for information from you"
	WaitsMember Status = "waiting for information from the member"
	NotAccepted Status = "not accepted"
	Paid        Status = "paid"
	PartlyPaid  Status = "partly paid"
	MemberOwes  Status = "processed, the member pays"
	NoPayment   Status = "finished without payment"
	Denied      Status = "denied"
	Reversed    Status = "reversed"
	Forwarded   Status = "sent on to another payer"
)

// Statuses gives all of them.
func Statuses() []Status {
	return []Status{Received, InProcess, Waiting, WaitsMember, NotAccepted, Paid, PartlyPaid, MemberOwes, NoPayment, Denied, Reversed, Forwarded}
}

// Valid reports whether s is one of the statuses.
func (s Status) Valid() bool { return slices.Contains(Statuses(), s) }

// Finished reports whether nothing more is due from the plan.
func (s Status) Finished() bool {
	switch s {
	case Received, InProcess, Waiting, WaitsMember:
		return false
	case NotAccepted, Paid, PartlyPaid, MemberOwes, NoPayment, Denied, Reversed, Forwarded:
		return true
	}
	return false
}

// Next says what the office can do.
func (s Status) Next() string {
	switch s {
	case Received, InProcess:
		return "Nothing to do: the plan has it."
	case Waiting:
		return "Send what the codes below ask for, or call the HelpDesk with the claim number."
	case WaitsMember:
		return "The plan has asked the member. Ask the member to answer."
	case NotAccepted:
		return "It was not taken into processing. Correct what the codes below name and send it as a new claim."
	case Paid:
		return "Post the payment below."
	case PartlyPaid:
		return "Post the payment below. For a line that was not paid, read its reason; send a corrected claim or appeal."
	case MemberOwes:
		return "Bill the member what is shown as the member’s part, and no more."
	case NoPayment:
		return "Nothing is paid. Read the reasons below."
	case Denied:
		return "Read the reasons below; send a corrected claim, or appeal."
	case Reversed:
		return "An earlier payment was taken back. Look for the corrected claim, or call the HelpDesk."
	case Forwarded:
		return "Ask the other payer."
	}
	return ""
}

// OfRemittance gives the status of a claim on a remittance (CLP02) from what
// was paid.
func OfRemittance(clp02 string, a Amounts, lines []Line) (Status, bool) {
	switch clp02 {
	case "1", "2", "3", "19", "20", "21":
		return ofAmounts(a, lines), true
	case "4":
		return Denied, true
	case "22":
		return Reversed, true
	case "23":
		return Forwarded, true
	}
	return "", false
}

// ofAmounts tells paid, partly paid and the rest from the amounts.
func ofAmounts(a Amounts, lines []Line) Status {
	switch {
	case a.Paid <= 0 && a.Owed > 0:
		return MemberOwes
	case a.Paid <= 0:
		return NoPayment
	}
	for _, l := range lines {
		if l.Charge > 0 && l.Paid == 0 && l.Owed < l.Charge {
			return PartlyPaid
		}
	}
	return Paid
}

// OfCategory gives the status that a category of X12 claim status means. ok is
// false for those that tell of no claim: an inquiry that failed, or a search
// that found none.
func OfCategory(category string, a Amounts) (s Status, ok bool) {
	switch category {
	case "A0", "A1", "A2":
		return Received, true
	case "A3", "A6", "A7", "A8":
		return NotAccepted, true
	case "A5", "P0", "P1", "P2", "P5":
		return InProcess, true
	case "P3":
		return Waiting, true
	case "P4":
		return WaitsMember, true
	case "F0", "F1", "F3":
		return ofAmounts(a, nil), true
	case "F2":
		return Denied, true
	case "F3F":
		return Forwarded, true
	case "F3N", "F4":
		return NoPayment, true
	}
	if len(category) > 1 && category[0] == 'R' {
		return Waiting, true
	}
	return "", false
}
