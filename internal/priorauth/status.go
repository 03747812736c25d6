package priorauth

import (
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
)

// Status is where a request stands. There is one list, and every page, print
// and machine answer takes its words from here.
type Status string

// The statuses a request moves through. Expired is never stored: it is what
// an approval is called once its last authorized day has passed.
const (
	Submitted        Status = "submitted"
	InReview         Status = "in review"
	WaitingForOffice Status = "waiting for the office"
	WaitingForPlan   Status = "waiting for the plan"
	Approved         Status = "approved"
	PartlyApproved   Status = "partly approved"
	Denied           Status = "denied"
	Cancelled        Status = "cancelled"
	Expired          Status = "expired"
)

// OpenStatuses are those that still wait for a determination.
func OpenStatuses() []Status {
	return []Status{Submitted, InReview, WaitingForOffice, WaitingForPlan}
}

// Open reports whether a determination is still to come.
func (s Status) Open() bool {
	switch s {
	case Submitted, InReview, WaitingForOffice, WaitingForPlan:
		return true
	case Approved, PartlyApproved, Denied, Cancelled, Expired:
		return false
	}
	return false
}

// Words gives the status as the reader's side calls it.
func (s Status) Words(side access.Side) string {
	switch s {
	case Submitted:
		return "Submitted"
	case InReview:
		return "In review"
	case WaitingForOffice:
		if side == access.Office {
			return "Waiting for you"
		}
		return "Waiting for the office"
	case WaitingForPlan:
		if side == access.Office {
			return "Waiting for the plan"
		}
		return "Waiting for you"
	case Approved:
		return "Approved"
	case PartlyApproved:
		return "Partly approved"
	case Denied:
		return "Denied"
	case Cancelled:
		return "Cancelled"
	case Expired:
		return "Expired"
	}
	return string(s)
}

// next says what happens next, for the reader's side.
func next(s Status, side access.Side, lapsed bool) string {
	office := side == access.Office
	if lapsed && s.Open() {
		if office {
			return "The plan did not decide by the legal limit. That counts as an adverse decision you may appeal (42 CFR 422.568(g)); the plan still owes you its answer"
		}
		return "The legal limit has passed: this counts as an adverse decision that may be appealed. Decide now"
	}
	switch s {
	case Submitted:
		if office {
			return "The plan will review it. You need do nothing now"
		}
		return "Open it and take it"
	case InReview:
		if office {
			return "The plan is reviewing it. You need do nothing now"
		}
		return "Decide, ask the office, or refer to a physician"
	case WaitingForOffice:
		if office {
			return "Answer the plan's question. The time limit keeps running"
		}
		return "The office has a question to answer. The time limit keeps running"
	case WaitingForPlan:
		if office {
			return "The plan has your answer and goes on reviewing"
		}
		return "Read the office's answer and go on"
	case Approved:
		return "Nothing. The services may be given as authorized"
	case PartlyApproved:
		return "See each line: what is authorized, and the reason for what is not"
	case Denied:
		return "See the reason at each line. A reconsideration may be asked for within 65 days of the notice (42 CFR 422.582(b))"
	case Cancelled:
		return "Nothing. Send a new request if the service is needed after all"
	case Expired:
		return "The authorized dates have passed. Send a new request if more is needed"
	}
	return ""
}

// shown gives the status as of today: an approval whose last day has passed is Expired.
func shown(stored Status, lastOn civil.Date, now time.Time, zone *time.Location) Status {
	if (stored == Approved || stored == PartlyApproved) && !lastOn.IsZero() && lastOn.Before(civil.Of(now, zone)) {
		return Expired
	}
	return stored
}

// outcome gives the status that decisions on lines add up to: partly approved
// as soon as one line gives less than was asked and something is given.
func outcome(lines []Line, decisions map[string]LineDecision) Status {
	given, refused := false, false
	for _, l := range lines {
		d := decisions[string(l.ID)]
		given = given || d.Action != Deny
		refused = refused || d.Adverse(l)
	}
	switch {
	case !given:
		return Denied
	case refused:
		return PartlyApproved
	}
	return Approved
}
