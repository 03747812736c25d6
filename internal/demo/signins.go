package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/factor"
	"hsconnect/internal/id"
	"hsconnect/internal/priorauth"
)

// FileName is what WriteSignIns calls its file.
const FileName = "sign-ins.json"

// SignIn is one person whose password is known, and what to try as them.
type SignIn struct {
	Role               string       `json:"role"`
	Organization       string       `json:"organization"`
	Name               string       `json:"name"`
	Username           string       `json:"username"`
	Password           string       `json:"password"`
	SecondFactorSecret string       `json:"second_factor_secret"`
	RecoveryCodes      []string     `json:"recovery_codes"`
	FirstAddress       string       `json:"first_address"`
	Note               string       `json:"note"`
	Accepted           bool         `json:"accepted"` // the user agreement
	Members            []TryMember  `json:"members,omitempty"`
	Requests           []TryRequest `json:"requests,omitempty"`
}

// TryMember is a member to look up.
type TryMember struct {
	What      string `json:"what"`
	MemberID  string `json:"member_id"`
	Medicare  string `json:"medicare_number,omitempty"`
	LastName  string `json:"last_name"`
	FirstName string `json:"first_name"`
	BirthDate string `json:"birth_date"` // MM/DD/YYYY
}

// TryRequest is a request to open.
type TryRequest struct {
	What    string    `json:"what"`
	Number  id.Number `json:"number"`
	Address string    `json:"address"`
}

// SignIns are all of them; the first is where a newcomer starts.
type SignIns []SignIn

// signIns gives the people whose passwords are known.
func (w *world) signIns() SignIns {
	var out SignIns
	for _, p := range w.people {
		if !p.known {
			continue
		}
		roles := make([]string, len(p.Roles))
		for i, r := range p.Roles {
			roles[i] = string(r)
		}
		org := PlanName
		if p.org != nil {
			org = p.org.Name
		}
		s := SignIn{Role: strings.Join(roles, ", "), Organization: org, Name: p.Name, Username: p.Username, Password: p.Password,
			SecondFactorSecret: p.factors.Secret, RecoveryCodes: p.factors.Codes, FirstAddress: p.first, Note: p.note, Accepted: p.accepted}
		if p.org != nil {
			s.Members = w.tryMembers()
		}
		s.Requests = w.tryRequests(p)
		out = append(out, s)
	}
	return out
}

// tryMembers gives one who is covered, one who is not any more, and twins.
func (w *world) tryMembers() []TryMember {
	try := func(what string, m *insured) TryMember {
		return TryMember{What: what, MemberID: m.number, LastName: m.last, FirstName: m.first, BirthDate: m.birth.US()}
	}
	var out []TryMember
	one, other := w.twins()
	if m := w.covered(); m != nil {
		first := try("covered", m)
		first.Medicare = sampleCard
		out = append(out, first)
	}
	for _, m := range w.members {
		if len(m.spans) == 1 && !m.covered(w.today) && m.spans[0].from.Before(w.today) && easy(m) {
			out = append(out, try("not covered any more", m))
			break
		}
	}
	if one != nil {
		out = append(out, try("one of twins: last name and birth date fit both", one), try("the other twin", other))
	}
	return out
}

// twins gives two members whom only the first name tells apart.
func (w *world) twins() (one, other *insured) {
	seen := map[string]*insured{}
	for _, m := range w.members {
		if first, ok := seen[m.folded()]; ok && m.steady {
			return first, m
		}
		seen[m.folded()] = m
	}
	return nil, nil
}

// covered gives the member whom a newcomer looks up first.
func (w *world) covered() *insured {
	one, other := w.twins()
	for _, m := range w.members {
		if m.steady && m != one && m != other && easy(m) {
			return m
		}
	}
	return nil
}

// easy reports whether a last name can be typed on any keyboard.
func easy(m *insured) bool { return plain(m.last) == strings.ToLower(m.last) }

// tryRequests gives requests that show somebody's work.
func (w *world) tryRequests(p *person) []TryRequest {
	var out []TryRequest
	add := func(what string, want func(s *story) bool) {
		i := slices.IndexFunc(w.cases, want)
		if i < 0 {
			return
		}
		n := w.cases[i].run.number
		address := "/authorizations/" + string(n)
		if p.Side == access.Plan {
			address = "/plan/cases/" + string(n)
		}
		out = append(out, TryRequest{What: what, Number: n, Address: address})
	}
	stands := func(goal priorauth.Status) func(*story) bool {
		return func(s *story) bool { return s.goal == goal && (p.org == nil || s.org == p.org) }
	}
	switch {
	case p.org != nil:
		add("the plan asked a question", stands(priorauth.WaitingForOffice))
		add("denied, with the reason", stands(priorauth.Denied))
		add("partly approved", stands(priorauth.PartlyApproved))
		add("approved", stands(priorauth.Approved))
		add("another office's: is not found", func(s *story) bool { return s.org != p.org })
	case p.is(access.Intake), p.is(access.Nurse):
		add("just came in", stands(priorauth.Submitted))
		add("the office answered", stands(priorauth.WaitingForPlan))
		add("past its legal limit", func(s *story) bool { return s.when.pressure == overdue })
	case p.is(access.MedicalDirector):
		mine := func(s *story) bool { return s.goal == priorauth.InReview && s.owner() == p }
		free := func(s *story) bool {
			return s.goal == priorauth.InReview && s.owner() == nil && fitsAll(p, s.submitted.Lines)
		}
		if slices.ContainsFunc(w.cases, mine) {
			free = mine
		}
		add("may be denied if the licence holds", free)
		add("of another specialty: a denial is refused", func(s *story) bool {
			return s.goal == priorauth.InReview && !fitsAll(p, s.submitted.Lines)
		})
	}
	return out
}

// WriteSignIns keeps the sign-ins in dir, for its owner's eyes and scripts.
func WriteSignIns(dir string, all SignIns) error {
	raw, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, FileName)
	err = os.WriteFile(path+".part", append(raw, '\n'), 0o600)
	if err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

// ReadSignIns reads what WriteSignIns kept.
func ReadSignIns(dir string) (SignIns, error) {
	raw, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		return nil, err
	}
	var all SignIns
	err = json.Unmarshal(raw, &all)
	return all, err
}

// Print writes where to sign in and what to try, for a terminal of 100
// columns. Address is the portal's, such as "http://127.0.0.1:8080".
func Print(to io.Writer, all SignIns, address string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s: a health plan that is made up. Nobody in it is real, and everybody knows the passwords.\n", PlanName)
	fmt.Fprintf(&b, "\n  Open  %s  and sign in:\n\n", address)
	printPeople(&b, all)
	if len(all) > 0 {
		fmt.Fprintf(&b, "\n  Members to look up as %s, who says that the patient is being seen:\n", all[0].Name)
		for _, m := range all[0].Members {
			fmt.Fprintf(&b, "    %s  born %s  %s, %s (%s)\n", m.MemberID, m.BirthDate, m.LastName, m.FirstName, m.What)
		}
		fmt.Fprintf(&b, "\n  Requests to open:\n")
		for _, s := range all {
			if s.Username == all[0].Username || strings.HasPrefix(s.Role, string(access.Nurse)) && firstOf(all, s) {
				for _, r := range s.Requests {
					fmt.Fprintf(&b, "    %s  as %s: %s\n", r.Number, s.Username, r.What)
				}
			}
		}
	}
	fmt.Fprintf(&b, "\n  The second step of signing in shows the code that the person's app would show.\n")
	fmt.Fprintf(&b, "\n  The same list, for scripts: %s in the data folder. Start over with --reset.\n\n", FileName)
	_, err := io.WriteString(to, b.String())
	return err
}

func printPeople(b *strings.Builder, all SignIns) {
	wide := func(get func(SignIn) string) int {
		n := 0
		for _, s := range all {
			n = max(n, len([]rune(get(s))))
		}
		return n
	}
	role, name, pass := wide(func(s SignIn) string { return s.Role }), wide(func(s SignIn) string { return s.Username }), wide(func(s SignIn) string { return s.Password })
	for i, s := range all {
		if i == 0 || all[i-1].Organization != s.Organization {
			fmt.Fprintf(b, "  %s\n", s.Organization)
		}
		fmt.Fprintf(b, "    %-*s  %-*s  %-*s  %s\n", role, s.Role, name, s.Username, pass, s.Password, s.FirstAddress)
		if i == 0 {
			fmt.Fprintf(b, "    %s  ^ %s\n", strings.Repeat(" ", role), s.Note)
		}
	}
}

// firstOf reports whether s is the first of its role.
func firstOf(all SignIns, s SignIn) bool {
	i := slices.IndexFunc(all, func(o SignIn) bool { return o.Role == s.Role })
	return all[i].Username == s.Username
}

// Code gives what the authenticator app of each person shows at the moment,
// by username; "" for those whose secret is not known.
func (all SignIns) Code(now func() time.Time) func(username string) string {
	return func(username string) string {
		i := slices.IndexFunc(all, func(s SignIn) bool { return s.Username == username })
		if i < 0 || all[i].SecondFactorSecret == "" {
			return ""
		}
		code, err := factor.TOTP(all[i].SecondFactorSecret, now())
		if err != nil {
			return ""
		}
		return code
	}
}
