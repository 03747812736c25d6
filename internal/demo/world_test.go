package demo

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/pdf"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/review"
)

func zone(t testing.TB) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(ZoneName)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func world1(t testing.TB, now time.Time, seed uint64, size Size) *world {
	t.Helper()
	w, err := imagine(now, zone(t), seed, size)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// moments are times at which a demo may be started: in an office's hours, in
// the night, on a weekend, on the day after a clock change, at the turn of a year.
func moments() []time.Time {
	return []time.Time{
		time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC), time.Date(2026, 11, 24, 5, 1, 0, 0, time.UTC), time.Date(2026, 11, 29, 13, 0, 0, 0, time.UTC),
		time.Date(2026, 11, 2, 15, 30, 0, 0, time.UTC), time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC), time.Date(2028, 2, 29, 23, 59, 0, 0, time.UTC),
	}
}

func TestSameSeedSameWorld(t *testing.T) {
	now := moments()[0]
	size := Size{Members: 300, People: 150, Requests: 24, Drafts: 2}
	digest := func(now time.Time, seed uint64) string {
		sum, err := world1(t, now, seed, size).digest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	first := digest(now, 7)
	if again := digest(now, 7); again != first {
		t.Error("the same seed and moment made another world")
	}
	if digest(now, 8) == first {
		t.Error("another seed made the same world")
	}
	if digest(now.AddDate(0, 0, 1), 7) == first {
		t.Error("the dates do not move with the day")
	}
	morning, err := world1(t, now.Add(-6*time.Hour), 7, size).membersFile()
	if err != nil {
		t.Fatal(err)
	}
	evening, err := world1(t, now, 7, size).membersFile()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(morning, evening) {
		t.Error("the members differ within one day")
	}
}

func TestFullWorld(t *testing.T) {
	w := world1(t, moments()[0], Seed, Full())
	if n := len(w.members); n < 2000 {
		t.Errorf("%d members, want at least 2,000", n)
	}
	if n := len(w.orgs); n != 60 {
		t.Errorf("%d organizations, want 60", n)
	}
	if n := len(w.people); n != 150 {
		t.Errorf("%d people, want 150", n)
	}
	if n := len(w.cases); n != 400 {
		t.Errorf("%d requests, want 400", n)
	}
	kinds, urgent := map[priorauth.Kind]int{}, 0
	scenes := map[string]int{}
	atMain := map[priorauth.Status]int{}
	for _, s := range w.cases {
		kinds[s.submitted.Kind]++
		scenes[s.scene.key]++
		if s.submitted.Urgency == priorauth.Expedited {
			urgent++
		}
		if s.org == w.orgs[0] {
			atMain[s.goal]++
		}
	}
	for _, k := range priorauth.Kinds() {
		if kinds[k] < 20 {
			t.Errorf("%d requests of the kind %s", kinds[k], k)
		}
	}
	if urgent < 40 || urgent > 160 {
		t.Errorf("%d expedited requests of 400", urgent)
	}
	for _, s := range w.scenes {
		if scenes[s.key] == 0 {
			t.Errorf("no request is about %s", s.key)
		}
	}
	for _, sh := range shares() {
		if atMain[sh.goal] == 0 {
			t.Errorf("the office to start at has no request that is %s", sh.goal)
		}
	}
}

func TestNobodyIsReal(t *testing.T) {
	w := world1(t, moments()[0], Seed, Full())
	npis := map[code.NPI]bool{}
	good := func(n code.NPI) {
		t.Helper()
		_, err := code.ParseNPI(string(n))
		if err != nil || n[0] != '2' || npis[n] {
			t.Errorf("NPI %s is wrong, taken twice, or could be somebody's: %v", n, err)
		}
		npis[n] = true
	}
	phone := func(text string) {
		t.Helper()
		if !strings.HasPrefix(text, "555-01") || len(text) != len("555-010-0000") {
			t.Errorf("the telephone number %s could be somebody's", text)
		}
	}
	for _, o := range w.orgs {
		good(o.NPI)
		phone(o.Phone)
		if _, err := code.ParseTIN(o.TIN); err != nil || !strings.HasPrefix(o.TIN, "000") {
			t.Errorf("tax number %s: %v", o.TIN, err)
		}
		for _, p := range o.staff {
			good(p.NPI)
			if p.Taxonomy == "" || p.Specialty == "" {
				t.Errorf("%s treats nothing", p.NPI)
			}
		}
	}
	numbers := map[string]bool{}
	for _, m := range w.members {
		phone(m.phone)
		if numbers[m.number] || !strings.HasPrefix(m.number, "SHA") || !strings.HasPrefix(m.zip, "000") {
			t.Errorf("member %s: number or ZIP code", m.number)
		}
		numbers[m.number] = true
		if len(m.spans) == 0 || m.first == "" || m.last == "" {
			t.Errorf("member %s is not whole", m.number)
		}
	}
	for _, p := range w.plans {
		if !strings.HasPrefix(p.Contract, "H0000-") || len(p.Copays) < 5 {
			t.Errorf("plan %s has contract %s and %d copays", p.Code, p.Contract, len(p.Copays))
		}
	}
	for _, p := range w.people {
		if !strings.HasSuffix(p.Email, "@example.org") || !strings.HasPrefix(p.address, "192.0.2.") {
			t.Errorf("%s: e-mail or network address could be somebody's", p.Username)
		}
	}
}

func TestMembersAreOfEveryKind(t *testing.T) {
	w := world1(t, moments()[0], Seed, Full())
	kinds := map[string]int{}
	twins := map[string]int{}
	for _, m := range w.members {
		twins[m.folded()]++
		for kind, is := range map[string]bool{
			"covered": m.covered(w.today), "ended": !m.covered(w.today) && m.spans[0].from.Before(w.today), "future": m.spans[0].from.After(w.today),
			"two spans": len(m.spans) > 1, "hyphen": strings.Contains(m.last, "-"), "apostrophe": strings.Contains(m.last, "'"),
			"suffix": m.suffix != "", "accent": plain(m.last) != strings.ToLower(m.last), "long": len(m.name()) > 50, "under 65": m.birth.Age(w.today) < 65,
			"over 90": m.birth.Age(w.today) > 90, "other language": m.language != "en",
		} {
			if is {
				kinds[kind]++
			}
		}
		last := m.spans[0]
		for _, s := range m.spans[1:] {
			if last.to.IsZero() || !last.to.Before(s.from) {
				t.Errorf("member %s: spans overlap", m.number)
			}
			last = s
		}
	}
	for _, n := range twins {
		if n > 1 {
			kinds["twins"]++
		}
	}
	for _, kind := range []string{"covered", "ended", "future", "two spans", "hyphen", "apostrophe", "suffix", "accent", "long", "under 65", "over 90", "other language", "twins"} {
		if kinds[kind] < 2 {
			t.Errorf("%d members are %q", kinds[kind], kind)
		}
	}
}

func TestCodesArePublic(t *testing.T) {
	raw, err := codeTable()
	if err != nil {
		t.Fatal(err)
	}
	rows, refused, err := code.ReadTable(bytes.NewReader(raw))
	if err != nil || len(refused) > 0 {
		t.Fatal(err, refused)
	}
	count := map[code.System]int{}
	for _, r := range rows {
		count[r.System]++
		if r.System == code.HCPCS && (r.Code[0] == 'D' || r.Code[0] < 'A') {
			t.Errorf("%s is somebody's property", r.Code)
		}
	}
	if count[code.ICD10CM] < 150 || count[code.HCPCS] < 150 || len(count) != 2 {
		t.Errorf("codes: %v", count)
	}
}

// Every time holds at every moment of the year: steps in order and apart,
// nothing after now, decisions in time.
func TestTimesHold(t *testing.T) {
	for _, now := range moments() {
		t.Run(now.Format("2006-01-02 15h"), func(t *testing.T) {
			for _, seed := range []uint64{1, Seed} {
				w := world1(t, now, seed, Size{Members: 300, People: 150, Requests: fullRequests})
				for _, s := range w.cases {
					w.checkTimes(t, s)
				}
			}
		})
	}
}

func (w *world) checkTimes(t *testing.T, s *story) {
	t.Helper()
	last := w.start.Add(24 * time.Hour) // everybody has accepted by then
	for _, st := range s.steps {
		if !w.slotOf(st.at).After(w.slotOf(last)) {
			t.Errorf("%d %s %s: %s comes at %s, right after or before what precedes it at %s", s.no, s.scene.key, s.goal, st.kind, st.at, last)
		}
		last = st.at
		if st.kind == decide && st.at.Add(slot).After(w.due(s).Limit) {
			t.Errorf("%d %s: decided too late", s.no, s.scene.key)
		}
	}
	if last.Truncate(slot).Add(slot).After(w.now) {
		t.Errorf("%d %s %s: the last step is in the future", s.no, s.scene.key, s.goal)
	}
	lapsed := w.due(s).Limit.Before(w.now)
	if s.goal.Open() && lapsed != (s.when.pressure == overdue) {
		t.Errorf("%d %s %s: limit %s, pressure %d", s.no, s.scene.key, s.goal, w.due(s).Limit, s.when.pressure)
	}
}

// Nothing that a story says is left open, contradicts itself about who may
// decide, or is too short to be accepted.
func TestTextsAreWhole(t *testing.T) {
	w := world1(t, moments()[0], Seed, Full())
	known := []string{}
	for _, r := range review.Reasons() {
		known = append(known, r.Code)
	}
	d := newDice(1, forRequests, 1)
	for _, sc := range w.scenes {
		if !slices.Contains(known, sc.deny.code) {
			t.Errorf("%s: unknown reason %q", sc.key, sc.deny.code)
		}
		for _, c := range sc.cuts {
			if !slices.Contains(known, c.code) || c.line < 1 || c.line > len(sc.lines) || c.units >= sc.lines[c.line-1].units {
				t.Errorf("%s: a cut with the reason %q does not fit its line %d", sc.key, c.code, c.line)
			}
		}
		if len(sc.papers) == 0 || sc.ask == "" || sc.answer == "" || sc.internal == "" || sc.kind == "" {
			t.Errorf("%s is not whole", sc.key)
		}
		var all []priorauth.Line
		for _, l := range sc.lines {
			all = append(all, priorauth.Line{Code: l.code, System: code.HCPCS})
		}
		if _, _, err := w.physician(d, all); err != nil {
			t.Errorf("%s: %v", sc.key, err)
		}
	}
	said := map[string]int{}
	for _, s := range w.cases {
		texts := []string{s.submitted.Notes, s.submitted.Statement}
		for _, st := range s.steps {
			texts = append(texts, st.text)
		}
		for _, p := range s.papers {
			texts = append(texts, p.title, p.text)
		}
		for i, l := range s.submitted.Lines {
			dec := s.decision(i, l)
			texts = append(texts, dec.Narrative, dec.Criterion)
			if dec.Narrative != "" && i == 0 {
				said[dec.Narrative]++
			}
		}
		for _, text := range texts {
			if strings.ContainsAny(text, "{}|") {
				t.Errorf("%d %s: something was not filled in: %s", s.no, s.scene.key, text)
			}
		}
	}
	for text, n := range said {
		if n > 3 {
			t.Errorf("%d denials say the very same: %s", n, text)
		}
	}
}

// What is drawn in a PDF has to be readable: no letter of a name may be missing.
func TestPapersShowEveryLetter(t *testing.T) {
	w := world1(t, moments()[0], Seed, Full())
	p := pdf.New(pdf.Doc{})
	for _, m := range w.members {
		p.Para(m.name() + m.street)
	}
	for _, o := range w.orgs {
		p.Para(o.Name)
		for _, s := range o.staff {
			p.Para(s.titled())
		}
	}
	for _, s := range w.cases {
		for _, paper := range s.papers {
			p.Para(paper.text)
		}
	}
	if missing := p.Missing(); len(missing) > 0 {
		t.Errorf("the fonts have no %q", missing)
	}
}

func TestMembersFile(t *testing.T) {
	w := world1(t, moments()[0], Seed, Size{Members: 100, People: 100, Requests: 9})
	raw, err := w.membersFile()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil || len(rows) < 101 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
}

func TestKnownPeople(t *testing.T) {
	w := world1(t, moments()[0], Seed, Full())
	all := w.signIns()
	roles := map[access.Role]bool{}
	for _, p := range w.people {
		if p.known {
			for _, r := range p.Roles {
				roles[r] = true
			}
		}
	}
	for _, side := range []access.Side{access.Office, access.Plan} {
		for _, r := range access.Roles(side) {
			if !roles[r] {
				t.Errorf("nobody signs in as %s", r)
			}
		}
	}
	if first := all[0]; first.Role != string(access.Requester) || first.Accepted {
		t.Errorf("the first sign-in is %s, accepted %v: want the clerk who has not accepted yet", first.Role, first.Accepted)
	}
	if len(all[0].Members) != 4 {
		t.Errorf("%d members to try, want one covered, one not, and twins", len(all[0].Members))
	}
	for _, s := range all[1:] {
		if !s.Accepted {
			t.Errorf("%s has not accepted", s.Username)
		}
	}
}
