package kit

// Status is the one list of words for where a request stands. The value is
// the word that is shown.
type Status string

// The statuses.
const (
	Draft            Status = "Draft"
	Submitted        Status = "Submitted"
	InReview         Status = "In review"
	WaitingForYou    Status = "Waiting for you"
	WaitingForOffice Status = "Waiting for the office"
	WaitingForPlan   Status = "Waiting for the plan"
	Approved         Status = "Approved"
	PartlyApproved   Status = "Partly approved"
	Denied           Status = "Denied"
	Cancelled        Status = "Cancelled"
	Expired          Status = "Expired"
)

// Statuses lists them in the order in which a request may meet them.
func Statuses() []Status {
	return []Status{Draft, Submitted, InReview, WaitingForYou, WaitingForOffice, WaitingForPlan, Approved, PartlyApproved, Denied, Cancelled, Expired}
}

// shape is the icon of a status: no two share one, so that it can be told
// apart without color.
func (s Status) shape() string {
	switch s {
	case Draft:
		return "edit"
	case Submitted:
		return "send"
	case InReview:
		return "visibility"
	case WaitingForYou:
		return "flag"
	case WaitingForOffice:
		return "chat"
	case WaitingForPlan:
		return "hourglass_empty"
	case Approved:
		return "check_circle"
	case PartlyApproved:
		return "half"
	case Denied:
		return "cancel"
	case Cancelled:
		return "remove_circle"
	case Expired:
		return "expired"
	}
	return "info"
}

func (s Status) class() string { return "hs-status hs-status--" + slug(string(s)) }

// Standing is a status with the next step beside it.
type Standing struct {
	Status Status
	Next   string // "send the stress-test report"
	Href   string // where the next step is done, or empty
	Due    *Due
}
