package edi_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/edi"
	"hsconnect/internal/portaltest/shared"
)

// acting gives a file whose BGN08 is action.
func acting(action string, segments ...string) []byte {
	return bytes.Replace(file834(segments...), []byte("****2~"), []byte("****"+action+"~"), 1)
}

func enrolled(number, plan, from string, more ...string) []string {
	return append([]string{
		"INS*Y*18*030*XN*A***FT", "REF*0F*" + number, "NM1*IL*1*LEE*ANN" + number, "DMG*D8*19900505",
		"HD*030**HLT*" + plan, "DTP*348*D8*" + from,
	}, more...)
}

// TestWhatTheFileSaysOfItself loads changes, a file to verify and one that
// replaces everything.
func TestWhatTheFileSaysOfItself(t *testing.T) {
	dbtest.EachAt(t, dbtest.NewClock().Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		all := append(append(enrolled("A", "P1", "20260101"), enrolled("B", "P1", "20260101")...), enrolled("C", "P1", "20260101")...)
		rep := load(t, s, acting("2", all...))
		if rep.Added != 3 {
			t.Fatalf("%+v", rep)
		}
		rep = load(t, s, acting("4", enrolled("A", "P1", "20260101")...))
		if rep.Changed+rep.Ended != 0 || rep.Difference.Unnamed != 2 {
			t.Errorf("to verify: %+v", rep)
		}
		rep = load(t, s, acting("RX", enrolled("A", "P1", "20260101")...))
		if rep.Ended != 2 || rep.Difference.Unnamed != 2 || rep.Difference.Retroactive != 2 {
			t.Errorf("to replace: %+v", rep)
		}
		// The file is of June 1, so May 31 is the last day of the others.
		if a, b := sheetOf(t, s, "A", "2026-06-01"), sheetOf(t, s, "B", "2026-06-01"); !a.Covered || b.Covered || b.Last == nil || b.Last.To.String() != "2026-05-31" {
			t.Errorf("A %v, B %v", a.Covered, b.Covered)
		}
		rep = load(t, s, acting("77", enrolled("A", "P1", "20260101")...))
		if rep.RefusedTotal != 1 || !strings.Contains(rep.Refused[0].Reason, "BGN08") || rep.Refused[0].Where != "segment 3 (line 3), ST" {
			t.Errorf("another action: %+v", rep)
		}
		src := source(acting("4", enrolled("A", "P1", "20260101")...))
		forced, err := s.Load(t.Context(), access.OperatorActor("ops"), coverage.Order{Source: src, Feed: edi.Members834, Full: true})
		if err != nil || forced.Already {
			t.Errorf("the same bytes as a full file: %+v %v", forced, err)
		}
		two := acting("2", enrolled("A", "P1", "20260101")...)
		_, rest, _ := bytes.Cut(acting("RX", enrolled("B", "P1", "20260101")...), []byte("ST*"))
		rest = bytes.ReplaceAll(append([]byte("ST*"), rest...), []byte("0001*005010"), []byte("0002*005010"))
		rest = bytes.Replace(rest, []byte("*0001~\nGE*1*1"), []byte("*0002~\nGE*2*1"), 1)
		two, _, _ = bytes.Cut(two, []byte("GE*1"))
		two = append(bytes.Clone(two), rest...)
		rep = load(t, s, two)
		if rep.RefusedTotal != 1 || !strings.Contains(rep.Refused[0].Reason, "all changes, or all full") {
			t.Errorf("both in one file: %+v", rep)
		}
	})
}

// TestOverlappingSpans: inside one file the second one is named by its
// segment; what is known gives way to what is newer.
func TestOverlappingSpans(t *testing.T) {
	const ends = "DTP*349*D8*"
	cases := map[string]struct {
		segments []string
		refused  string // place and words, or nothing
	}{
		"one day in common":       {enrolled("A", "P1", "20260101", ends+"20260630", "HD*030**HLT*P2", "DTP*348*D8*20260630"), "segment 14 (line 14), HD: two coverages of this member are on the same days"},
		"one inside the other":    {enrolled("A", "P1", "20260101", "HD*030**PPO*P2", "DTP*348*D8*20260301", ends+"20260331"), "segment 13 (line 13), HD: two coverages"},
		"the third":               {enrolled("A", "P1", "20260101", ends+"20260131", "HD*030**HLT*P2", "DTP*348*D8*20260201", "HD*030**HLT*P1", "DTP*348*D8*20260401"), "segment 16 (line 16), HD: two coverages"},
		"the same twice":          {enrolled("A", "P1", "20260101", "HD*030**HLT*P1", "DTP*348*D8*20260101"), "segment 13 (line 13), HD: two coverages"},
		"by the member's dates":   {[]string{"INS*Y*18*030*XN*A***FT", "REF*0F*A", "DTP*356*D8*20260101", "NM1*IL*1*LEE*ANN", "DMG*D8*19900505", "HD*030**HLT*P1", "HD*030**HLT*P2"}, "segment 13 (line 13), HD: two coverages"},
		"in two loops":            {append(enrolled("A", "P1", "20260101"), enrolled("A", "P2", "20260601")...), "segment 13 (line 13), INS: the same member stands at segment 7 (line 7)"},
		"day after day":           {enrolled("A", "P1", "20260101", ends+"20260630", "HD*030**HLT*P2", "DTP*348*D8*20260701"), ""},
		"of different kinds":      {enrolled("A", "P1", "20260101", "HD*030**DEN*D1", "DTP*348*D8*20260101"), ""},
		"in two loops, one after": {append(enrolled("A", "P1", "20260101", ends+"20260531"), enrolled("A", "P2", "20260601")...), ""},
	}
	for name, c := range cases {
		s := service(dbtest.SQLite(t, dbtest.NewClock().Now))
		rep := load(t, s, file834(c.segments...))
		if c.refused == "" {
			if rep.RefusedTotal > 0 || rep.Added != 1 {
				t.Errorf("%s: %+v", name, rep)
			}
			continue
		}
		if rep.RefusedTotal != 1 || !strings.HasPrefix(rep.Refused[0].Where+": "+rep.Refused[0].Reason, c.refused) {
			t.Errorf("%s: %+v", name, rep)
		}
	}
	s := service(dbtest.SQLite(t, dbtest.NewClock().Now))
	load(t, s, file834(enrolled("A", "P1", "20260101")...))
	rep := load(t, s, file834(enrolled("A", "P2", "20260401")...))
	sheet := sheetOf(t, s, "A", "2026-03-31")
	if rep.RefusedTotal > 0 || rep.Difference.Begun != 1 || rep.Difference.Ended != 1 || rep.Difference.Ending != 0 || sheet.Span.Plan != "P1" || sheet.Span.To.String() != "2026-03-31" {
		t.Errorf("over what is known: %+v, %q to %v", rep, sheet.Span.Plan, sheet.Span.To)
	}
}

// TestMadeUpPlanAsNDJSON loads the list of the same thousand members, and then
// finds nothing new in their 834 but what the list does not say.
func TestMadeUpPlanAsNDJSON(t *testing.T) {
	dir := shared.Dir(t, "data/members")
	list, err := os.ReadFile(filepath.Join(dir, "members.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	s := service(dbtest.SQLite(t, dbtest.NewClock().Now))
	rep := load(t, s, list)
	if rep.Rows != 1000 || rep.Added != 1000 || rep.RefusedTotal != 0 {
		t.Fatalf("%+v", rep)
	}
	for line := range strings.Lines(string(list)) {
		sameMember(t, s, line)
	}
	patients, err := os.ReadFile(filepath.Join(dir, "Patient.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	if rep := load(t, s, patients); rep.RefusedTotal != 1000 || !strings.Contains(rep.Refused[0].Reason, "not one JSON object") && !strings.Contains(rep.Refused[0].Reason, "none of") {
		t.Errorf("FHIR: %+v", rep.Refused[0])
	}
}
