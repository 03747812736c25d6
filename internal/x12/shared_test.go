package x12_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hsconnect/internal/portaltest/shared"
	"hsconnect/internal/x12"
)

// everyVersion lets the generic reader take the older and newer interchanges
// among the public examples.
func everyVersion() x12.Options {
	return x12.Options{Versions: []string{"00200", "00400", "00401", "00501", "00602"}}
}

func readAll(data []byte, opt x12.Options) (int, error) {
	r := x12.NewReader(bytes.NewReader(data), opt)
	for n := 0; ; n++ {
		_, err := r.Next()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

func publicFiles(t *testing.T, name string) map[string][]byte {
	t.Helper()
	root := shared.Dir(t, name)
	files := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".json") {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path)
		files[filepath.ToSlash(rel)] = data
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// refused lists the public examples whose envelope is at fault, with the kind
// of fault and its segment. Everything else outside the bad folders reads.
func refused() map[string]fault {
	const repo = "Inteligenz+X12Parser__"
	return map[string]fault{
		// Times, widths and delimiters spoilt when the example was made anonymous.
		"835/" + repo + "FromNth_835_DeIdent_01.dat":           {x12.CodeHeader, 1},
		"835/" + repo + "FromNth_835_DeIdent_02.dat":           {x12.CodeHeader, 1},
		"835/irobayna+stupidedi__case_1.edi":                   {x12.CodeHeader, 1},
		"997/irobayna+stupidedi__pass_1.edi":                   {x12.CodeHeader, 1},
		"271/" + repo + "_4010_From_tcplex.txt":                {x12.CodeHeader, 1},
		"271/" + repo + "_5010_Example_3_1_3.txt":              {x12.CodeDelimiter, 1},
		"271/" + repo + "_5010_ValidationForSource.txt":        {x12.CodeDelimiter, 1},
		"271/" + repo + "_5010_ValidationForSourceName.txt":    {x12.CodeDelimiter, 1},
		"271/" + repo + "_5010_ValidationForReceiverName.txt":  {x12.CodeDelimiter, 1},
		"999/imsweb+x12-parser__837_5010_x12_999_accepted.txt": {x12.CodeInvalid, 2},
		"275/wild/attachment_6020_bin.edi":                     {x12.CodeBinary, 9},
		// Trailers that count wrong or name another number.
		"278/irobayna+stupidedi__pass_request-for-home-health-care.edi":                      {x12.CodeCount, 22},
		"835/cosyte+x12__remit_835-imbalance.edi":                                            {x12.CodeCount, 21},
		"835/cosyte+x12__remit_835-with-plb.edi":                                             {x12.CodeCount, 21},
		"835/cosyte+x12__remit_835-carc-rarc-mix.edi":                                        {x12.CodeCount, 24},
		"835/cosyte+x12__remit_835-availity-quirk.edi":                                       {x12.CodeCount, 27},
		"835/cosyte+x12__remit_835-multi-claim.edi":                                          {x12.CodeCount, 29},
		"270/cosyte+x12__eligibility_270-dependent.edi":                                      {x12.CodeCount, 20},
		"275/wild/attachment_claimstyle_wrong_bht.edi":                                       {x12.CodeCount, 15},
		"271/" + repo + "_4010_Example3_CMS_HETS.txt":                                        {x12.CodeCount, 100},
		"834/cosyte+x12__enrollment_834-edge.edi":                                            {x12.CodeCount, 25},
		"TA1/EDIandXML+OBOE__testFiles_justTA1TestCase.edi":                                  {x12.CodeCount, 3},
		"277/irobayna+stupidedi__pass_1.era":                                                 {x12.CodeControlNumber, 20},
		"envelope/cosyte+x12__premium_820-loop.edi":                                          {x12.CodeControlNumber, 19},
		"278/cosyte+x12__auth_278-comprehensive.edi":                                         {x12.CodeControlNumber, 32},
		"278/cosyte+x12__auth_278-edge.edi":                                                  {x12.CodeControlNumber, 21},
		"271/LinuxForHealth+x12__271_005010X279A1_subscriber-health-benefit-check-error.271": {x12.CodeControlNumber, 10},
	}
}

type fault struct {
	code    x12.Code
	segment int
}

func TestPublicFilesReadOrNameTheirFault(t *testing.T) {
	want := refused()
	for name, data := range publicFiles(t, "data/x12") {
		if strings.Contains(name, "bad/") {
			continue
		}
		n, err := readAll(data, everyVersion())
		fault, listed := want[name]
		if !listed {
			if err != nil {
				t.Errorf("%s: after %d segments: %v", name, n, err)
			}
			continue
		}
		var e *x12.Error
		if !errors.As(err, &e) || e.Code != fault.code || e.Segment != fault.segment {
			t.Errorf("%s: got %v, want %s at segment %d", name, err, fault.code, fault.segment)
		}
	}
}

// TestPublicBadFiles checks every mutation of the envelope in every folder;
// the other mutations are for the guides of those transactions.
func TestPublicBadFiles(t *testing.T) {
	codes := map[string]x12.Code{
		"se01_count_wrong": x12.CodeCount, "iea01_count_wrong": x12.CodeCount,
		"iea02_mismatch": x12.CodeControlNumber, "isa_short": x12.CodeHeader,
		"isa12_version": x12.CodeVersion, "control_char": x12.CodeControlChar,
		"truncated_mid": x12.CodeTruncated, "empty": x12.CodeEmpty,
		"garbage": x12.CodeNotX12, "ccda_xml_instead": x12.CodeNotX12,
		"nul_bytes": x12.CodeNotX12, "missing_bht_or_bgn": x12.CodeCount, "huge_segment": x12.CodeTooLong,
	}
	seen := map[x12.Code]int{}
	for name, data := range publicFiles(t, "data/x12") {
		if !strings.Contains(name, "bad/") {
			continue
		}
		_, err := readAll(data, x12.Options{})
		stem := strings.TrimSuffix(filepath.Base(name), ".edi")
		want, listed := codes[stem]
		if _, after, cut := strings.Cut(stem, "_"); cut && !listed {
			want, listed = codes[after]
		}
		if !listed {
			if err != nil {
				t.Errorf("%s: the envelope is sound, got %v", name, err)
			}
			continue
		}
		var e *x12.Error
		if !errors.As(err, &e) || e.Code != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
			continue
		}
		if e.Text == "" || (e.Segment == 0 && want != x12.CodeEmpty) {
			t.Errorf("%s: the fault has no place or text: %#v", name, e)
		}
		seen[want]++
	}
	if len(seen) < 8 {
		t.Errorf("only %d kinds of fault were met: %v", len(seen), seen)
	}
}
