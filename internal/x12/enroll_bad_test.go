package x12_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"hsconnect/internal/portaltest/shared"
	"hsconnect/internal/x12"
)

// TestPublic834BadFilesRefused: every file the outside checkers' list expects
// to be refused is refused as a whole or has a refused member.
func TestPublic834BadFilesRefused(t *testing.T) {
	dir := shared.Dir(t, "data/x12/834/bad")
	raw, err := os.ReadFile(filepath.Join(dir, "VERDICTS.json"))
	if err != nil {
		t.Fatal(err)
	}
	var verdicts map[string]struct{ Expected string }
	err = json.Unmarshal(raw, &verdicts)
	if err != nil {
		t.Fatal(err)
	}
	places := map[string]struct {
		code    x12.Code
		tag     string
		segment int
		element int
	}{
		"834_se01_count_wrong.edi":   {x12.CodeCount, "SE", 17, 1},
		"834_iea01_count_wrong.edi":  {x12.CodeCount, "IEA", 19, 1},
		"834_iea02_mismatch.edi":     {x12.CodeControlNumber, "IEA", 19, 2},
		"834_isa_short.edi":          {x12.CodeHeader, "ISA", 1, 5},
		"834_isa12_version.edi":      {x12.CodeVersion, "ISA", 1, 12},
		"834_missing_bht_or_bgn.edi": {x12.CodeMissingSegment, "BGN", 4, 0},
		"834_gs08_old_version.edi":   {x12.CodeVersion, "GS", 2, 8},
		"834_control_char.edi":       {x12.CodeControlChar, "NM1", 12, 3},
		"834_truncated_mid.edi":      {x12.CodeTruncated, "", 9, 0},
		"834_bad_date.edi":           {x12.CodeDate, "DTP", 11, 3},
	}
	for name := range verdicts {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		members, file, err := read834(data, x12.Options834{})
		want, listed := places[name]
		if !listed {
			t.Errorf("%s: no expectation", name)
			continue
		}
		if name == "834_bad_date.edi" {
			if err != nil || file.Faulty != 1 || len(members) != 1 || len(members[0].Problems) != 1 {
				t.Errorf("%s: %v %+v", name, err, file)
				continue
			}
			p := members[0].Problems[0]
			if p.Code != want.code || p.Tag != want.tag || p.Segment != want.segment || p.Element != want.element || p.Line != 1 {
				t.Errorf("%s: got %+v", name, p)
			}
			continue
		}
		var e *x12.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: accepted (%v)", name, err)
			continue
		}
		if e.Code != want.code || e.Tag != want.tag || e.Segment != want.segment || e.Element != want.element {
			t.Errorf("%s: got %+v", name, e)
		}
	}
}
