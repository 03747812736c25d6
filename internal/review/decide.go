package review

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/message"
	"hsconnect/internal/priorauth"
)

// Reason is a coded reason for giving less than was asked. The codes are
// ours; an operator who holds a licence for external code list 886 maps them
// to it at the machine doors.
type Reason struct {
	Code string
	Name string
}

// Reasons are the kinds of reason that the preamble of the rule calls
// specific (C-25, 89 FR 8758), in the order a form offers them.
func Reasons() []Reason {
	return []Reason{
		{"criteria", "Clinical criteria not met"},
		{"unsupported", "The records do not support the request"},
		{"benefit", "Not a benefit, or a limit of the plan"},
		{"duplicate", "Duplicates a service already authorized"},
		{"setting", "Another setting or level of care is appropriate"},
	}
}

// ReasonName gives our words for a coded reason.
func ReasonName(coded string) string {
	for _, r := range Reasons() {
		if r.Code == coded {
			return r.Name
		}
	}
	return coded
}

// minNarrative is the shortest narrative that can name a missing or contrary fact.
const minNarrative = 40

// Decision is what a reviewer signs.
type Decision struct {
	Number  id.Number
	Version int64 // of the request as the reviewer saw it; 0 is refused
	Lines   []priorauth.LineDecision
	Attest  bool // "I have reviewed this request": required for an adverse decision
}

// Decide writes the determination. If somebody else changed or decided the
// request since the reviewer saw it, nothing is written (Conflict).
func (s *Service) Decide(ctx context.Context, who access.Actor, d Decision) (priorauth.Determination, error) {
	err := who.May(access.DecideFavorably)
	if err != nil {
		return priorauth.Determination{}, err
	}
	if d.Version == 0 {
		return priorauth.Determination{}, fault.New(fault.Conflict, "Open the request again before deciding it")
	}
	var det priorauth.Determination
	err = s.look(ctx, who, func(tx *db.Tx) error {
		st, err := priorauth.StateOf(tx, who, d.Number, d.Version)
		if err != nil {
			return err
		}
		lines, err := priorauth.LinesOf(tx, st)
		if err != nil {
			return err
		}
		decisions, adverse, err := check(lines, d)
		if err != nil {
			return err
		}
		licence := ""
		if len(adverse) > 0 {
			err = maySignAdverse(who, adverse, tx.Now, s.Priorauth.Zone)
			if err != nil {
				return err
			}
			licence = who.Licence.State + " " + who.Licence.Number
		}
		det, err = priorauth.Decide(tx, who, st, licence, decisions)
		return err
	})
	if err != nil {
		return priorauth.Determination{}, err
	}
	return det, nil
}

// check gives the decisions in the order of the lines, and the lines that
// were decided adversely, or every problem with them.
func check(lines []priorauth.Line, d Decision) ([]priorauth.LineDecision, []priorauth.Line, error) {
	byLine := make(map[id.Line]priorauth.LineDecision, len(d.Lines))
	for _, l := range d.Lines {
		if _, twice := byLine[l.Line]; twice {
			return nil, nil, fault.New(fault.Invalid, "A line is decided twice. Open the request again")
		}
		byLine[l.Line] = l
	}
	var p []fault.Problem
	var adverse []priorauth.Line
	out := make([]priorauth.LineDecision, 0, len(lines))
	for i, line := range lines {
		got, ok := byLine[line.ID]
		delete(byLine, line.ID)
		at := fmt.Sprintf("lines[%d].", i)
		if !ok || got.Action == "" {
			p = append(p, fault.Problem{Path: at + "action", Text: "Decide this line too"})
			continue
		}
		got, problems := checkLine(line, got, at)
		p = append(p, problems...)
		if got.Adverse(line) {
			adverse = append(adverse, line)
		}
		out = append(out, got)
	}
	if len(byLine) > 0 {
		return nil, nil, fault.New(fault.Invalid, "A decided line is not one of this request's. Open the request again")
	}
	if len(adverse) > 0 && !d.Attest {
		p = append(p, fault.Problem{Path: "attest", Text: "Confirm that you have reviewed the request and its documents yourself"})
	}
	if len(p) > 0 {
		return nil, nil, fault.Bad(p...)
	}
	return out, adverse, nil
}

func checkLine(line priorauth.Line, got priorauth.LineDecision, at string) (priorauth.LineDecision, []fault.Problem) {
	var p []fault.Problem
	add := func(field, text string) { p = append(p, fault.Problem{Path: at + field, Text: text}) }
	switch got.Action {
	case priorauth.Approve:
		got.Units, got.From, got.To = line.Units, line.From, line.To
		got.Reason, got.Criterion, got.Narrative = "", "", ""
		return got, nil
	case priorauth.Modify:
		if got.Units < 1 || got.Units > priorauth.MaxUnits {
			add("units", "Give the number of units authorized, from 1 to 9999. To authorize none, deny the line")
		}
		switch {
		case got.From.IsZero() || got.To.IsZero():
			add("from", "Give the first and the last day authorized")
		case got.To.Before(got.From):
			add("to", "Ends before it begins")
		}
		if got.Units == line.Units && got.From == line.From && got.To == line.To {
			add("action", "Nothing differs from what was asked. Approve the line instead")
		}
	case priorauth.Deny:
		got.Units, got.From, got.To = 0, civil.Date{}, civil.Date{}
	default:
		add("action", "Choose approve, modify or deny")
		return got, p
	}
	if !got.Adverse(line) {
		got.Reason, got.Criterion, got.Narrative = "", "", ""
		return got, p
	}
	got, more := checkReason(got, at)
	return got, append(p, more...)
}

// checkReason asks for the three things that make a denial one the office can
// act on (C-24): a coded reason, the criterion, and the facts in own words.
func checkReason(got priorauth.LineDecision, at string) (priorauth.LineDecision, []fault.Problem) {
	var p []fault.Problem
	add := func(field, text string) { p = append(p, fault.Problem{Path: at + field, Text: text}) }
	known := false
	for _, r := range Reasons() {
		known = known || r.Code == got.Reason
	}
	if !known {
		add("reason", "Choose the reason")
	}
	criterion, bad := message.Clean(at+"criterion", got.Criterion)
	switch {
	case bad != nil:
		p = append(p, *bad)
	case utf8.RuneCountInString(criterion) < 5:
		add("criterion", "Cite the criterion: the NCD or LCD, the internal criteria with version, or the section of the contract")
	case utf8.RuneCountInString(criterion) > 500:
		add("criterion", "Shorten the citation to 500 characters; explain it in the narrative")
	}
	narrative, bad := message.Clean(at+"narrative", got.Narrative)
	switch {
	case bad != nil:
		p = append(p, *bad)
	case utf8.RuneCountInString(narrative) < minNarrative || len(strings.Fields(narrative)) < 6:
		add("narrative", "Say in your own words which fact is missing or speaks against the request, and what would change the decision")
	case sameWords(narrative, criterion) || sameWords(narrative, ReasonName(got.Reason)):
		add("narrative", "Repeats the criterion or the reason. Say which fact of this patient's case decides it")
	}
	got.Criterion, got.Narrative = criterion, narrative
	return got, p
}

// sameWords reports whether a says nothing that b does not say.
func sameWords(a, b string) bool {
	in := map[string]bool{}
	for _, w := range strings.Fields(strings.ToLower(b)) {
		in[strings.Trim(w, ".,;:()")] = true
	}
	for _, w := range strings.Fields(strings.ToLower(a)) {
		if !in[strings.Trim(w, ".,;:()")] {
			return false
		}
	}
	return true
}

// maySignAdverse says whether who may sign a decision that gives less than
// was asked on these lines (C-21, 42 CFR 422.566(d)): a physician with a
// current, unrestricted licence and a specialty fitting every one of them.
func maySignAdverse(who access.Actor, lines []priorauth.Line, now time.Time, zone *time.Location) error {
	err := who.May(access.DecideAdversely)
	if err != nil {
		return fault.New(fault.Forbidden, "Only a licensed physician may decide less than was asked. Refer the request to one of a fitting specialty")
	}
	switch {
	case who.Licence.Number == "":
		return fault.New(fault.Forbidden, "No licence is on file for you, so you cannot sign an adverse decision. Ask the plan's administrator")
	case who.Licence.Restricted:
		return fault.New(fault.Forbidden, "The licence on file for you is restricted, so you cannot sign an adverse decision. Refer the request")
	case !who.Licence.Holds(civil.Of(now, zone)):
		return fault.New(fault.Forbidden, "The licence on file for you has expired, so you cannot sign an adverse decision. Refer the request, and have the licence renewed on file")
	}
	for _, l := range lines {
		if !who.Licence.Fits(fitting(l)...) {
			return fault.New(fault.Forbidden, "Your specialty does not fit every line that would be decided adversely. Refer the request to a physician whose specialty does")
		}
	}
	return nil
}
