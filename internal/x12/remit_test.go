package x12_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"hsconnect/internal/x12"
)

func read835(data []byte) ([]x12.Claim835, []x12.Payment835, x12.File835, error) {
	var claims []x12.Claim835
	var payments []x12.Payment835
	opt := x12.Options835{Payment: func(p x12.Payment835) error {
		payments = append(payments, p)
		return nil
	}}
	file, err := x12.Read835(bytes.NewReader(data), opt, func(c x12.Claim835) error {
		claims = append(claims, c)
		return nil
	})
	return claims, payments, file, err
}

// outcome is what a public example comes to: how many claims it holds, how
// many of them are at fault, and the fault that refuses the file.
type outcome struct {
	claims, faulty, others int
	fault                  x12.Error
}

func sameFault(t *testing.T, name string, err error, want x12.Error) {
	t.Helper()
	if want.Code == "" {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return
	}
	var e *x12.Error
	if !errors.As(err, &e) {
		t.Errorf("%s: not refused: %v", name, err)
		return
	}
	if e.Code != want.Code || e.Segment != want.Segment || e.Tag != want.Tag || e.Element != want.Element || e.Text == "" {
		t.Errorf("%s: got %+v", name, e)
	}
}

// TestPublic835Files: what each public example comes to. Those that are refused
// have amounts masked so that they no longer add up, a header that was spoilt,
// or a trailer that counts wrong.
func TestPublic835Files(t *testing.T) {
	const linux, inteligenz, cosyte, stupid = "LinuxForHealth+x12__835_005010X221A1_", "Inteligenz+X12Parser__", "cosyte+x12__", "irobayna+stupidedi__"
	count := func(segment int) x12.Error {
		return x12.Error{Code: x12.CodeCount, Segment: segment, Tag: "SE", Element: 1}
	}
	want := map[string]outcome{
		inteligenz + "FromNth_835_DeIdent_01.dat":                      {fault: x12.Error{Code: x12.CodeHeader, Segment: 1, Tag: "ISA", Element: 10}},
		inteligenz + "FromNth_835_DeIdent_02.dat":                      {fault: x12.Error{Code: x12.CodeHeader, Segment: 1, Tag: "ISA", Element: 10}},
		inteligenz + "_5010_ExampleFromNth.txt":                        {claims: 19, faulty: 17, fault: x12.Error{Code: x12.CodeBalance, Segment: 289, Tag: "BPR"}},
		linux + "cob-contractural-adjustment.835":                      {fault: x12.Error{Code: x12.CodeMissingElement, Segment: 4, Tag: "BPR", Element: 16}},
		linux + "managed-care.835":                                     {fault: x12.Error{Code: x12.CodeDate, Segment: 4, Tag: "BPR", Element: 16}},
		linux + "secondary-payment.835":                                {fault: x12.Error{Code: x12.CodeMissingElement, Segment: 4, Tag: "BPR", Element: 16}},
		cosyte + "golden_835.edi":                                      {claims: 1},
		cosyte + "remit_835-availity-quirk.edi":                        {fault: count(27)},
		cosyte + "remit_835-carc-rarc-mix.edi":                         {fault: count(24)},
		cosyte + "remit_835-imbalance.edi":                             {fault: count(21)},
		cosyte + "remit_835-multi-claim.edi":                           {claims: 1, fault: count(29)},
		cosyte + "remit_835-with-plb.edi":                              {claims: 1, fault: count(21)},
		stupid + "case_1.edi":                                          {fault: x12.Error{Code: x12.CodeHeader, Segment: 1, Tag: "ISA", Element: 6}},
		stupid + "pass_dollars-and-data-sent-separate.edi":             {claims: 2},
		stupid + "pass_era-sample.edi":                                 {claims: 1},
		stupid + "pass_secondary-payment-with-higher-fee-schedule.edi": {claims: 1},
		stupid + "pass_secondary-payments.edi":                         {claims: 2},
	}
	files := publicFiles(t, "data/x12/835")
	for name := range want {
		if _, found := files[name]; !found {
			t.Errorf("%s is not among the public examples", name)
		}
	}
	for name, data := range files {
		w, listed := want[name]
		if !listed {
			t.Errorf("%s: no expectation", name)
			continue
		}
		claims, _, file, err := read835(data)
		if len(claims) != w.claims || file.Claims != w.claims || file.Faulty != w.faulty {
			t.Errorf("%s: %d claims, counted %+v, want %+v", name, len(claims), file, w)
		}
		sameFault(t, name, err, w.fault)
	}
}

func TestRemittanceFacts(t *testing.T) {
	data := publicFiles(t, "data/x12/835")["irobayna+stupidedi__pass_secondary-payments.edi"]
	claims, payments, _, err := read835(data)
	if err != nil || len(claims) != 2 || len(payments) != 1 {
		t.Fatal(len(claims), len(payments), err)
	}
	p := payments[0]
	if p.Cents != 122200 || p.Method != "CHK" || p.Date != "2005-04-12" || p.Trace != "0012524965" || p.Payee.Tax() != "" && p.Payee.NPI() != "" ||
		p.Payee.ID != "599944521" || p.Produced != "2005-04-12" || p.Payer.Name == "" {
		t.Errorf("%+v", p)
	}
	c := claims[1]
	if c.Number != "0001000053" || c.Status != "2" || c.Charge != 75150 || c.Paid != 31000 || c.Owed != 22000 || c.PayerNumber != "50630626430" ||
		c.Patient.ID != "456789123" || c.Patient.IDQualifier != "MI" || c.Rendering.ID != "34426" || c.Date("232") != "2005-01-06" {
		t.Errorf("%+v", c)
	}
	if len(c.Lines) != 2 {
		t.Fatal(len(c.Lines))
	}
	l := c.Lines[1]
	if l.Procedure.Code != "66543" || len(l.Procedure.Modifiers) != 1 || l.Procedure.Modifiers[0] != "26" || l.Charge != 58500 || l.Paid != 28000 ||
		l.Allowed != 50000 || !l.HasAllowed || l.Date("472") != "2005-01-06" || l.Units != 1000 {
		t.Errorf("%+v", l)
	}
	want := []x12.Adjustment{{Group: "PR", Reason: "1", Cents: 15000}, {Group: "PR", Reason: "2", Cents: 7000}, {Group: "CO", Reason: "42", Cents: 8500}}
	if len(l.Adjustments) != 3 || l.Adjustments[0] != want[0] || l.Adjustments[1] != want[1] || l.Adjustments[2] != want[2] {
		t.Errorf("%+v", l.Adjustments)
	}
}

// remittance wraps segments into a sound file of one payment, one segment a
// line. The first of them stands on line 9.
func remittance(amount string, segments ...string) []byte {
	all := append([]string{
		"ST*835*0001*005010X221A1", "BPR*I*" + amount + "*C*CHK************20260105", "TRN*1*CHECK1*1999999999", "DTM*405*20260104",
		"N1*PR*PLAN", "N1*PE*OFFICE*XX*1234567893",
	}, segments...)
	return envelope("HP", "005010X221A1", all...)
}

func TestClaimProblems(t *testing.T) {
	sound := []string{"LX*1", "CLP*A1*1*100*80*20*12*P1", "NM1*QC*1*DOE*JANE****MI*M1", "SVC*HC:99213*100*80**1", "DTM*472*20260101", "CAS*PR*1*20"}
	cases := []struct {
		name     string
		segments []string
		amount   string
		want     []x12.RowError
	}{
		{"sound", sound, "80", nil},
		{"negative money of a reversal", []string{"LX*1", "CLP*A1*22*-100*-80**12*P1", "CAS*CO*45*-20"}, "-80", nil},
		{"line does not balance", []string{"LX*1", "CLP*A1*1*100*80*20*12*P1", "SVC*HC:99213*100*80**1", "CAS*PR*1*10", "SVC*HC:99214*0*0", "CAS*PR*2*10"}, "80", []x12.RowError{
			{Code: x12.CodeBalance, Line: 11, Tag: "SVC", Element: 3}, {Code: x12.CodeBalance, Line: 13, Tag: "SVC", Element: 3}}},
		{"claim does not balance", []string{"LX*1", "CLP*A1*1*100*80*20*12*P1", "CAS*CO*45*19.99"}, "80", []x12.RowError{{Code: x12.CodeBalance, Line: 10, Tag: "CLP", Element: 4}}},
		{"three decimals", []string{"LX*1", "CLP*A1*1*100.001*80**12*P1"}, "80", []x12.RowError{{Code: x12.CodeInvalid, Line: 10, Tag: "CLP", Element: 3}}},
		{"no amount", []string{"LX*1", "CLP*A1*1*1e2*80**12*P1"}, "80", []x12.RowError{{Code: x12.CodeInvalid, Line: 10, Tag: "CLP", Element: 3}}},
		{"no number", []string{"LX*1", "CLP**1*80*80**12*P1"}, "80", []x12.RowError{{Code: x12.CodeMissingElement, Line: 10, Tag: "CLP", Element: 1}}},
		{"no such day", append(sound[:4:4], "DTM*472*20260230", "CAS*PR*1*20"), "80", []x12.RowError{{Code: x12.CodeDate, Line: 13, Tag: "DTM", Element: 2}}},
		{"two patients", append(sound[:3:3], "NM1*QC*1*ROE*JANE", "SVC*HC:99213*100*80", "CAS*PR*1*20"), "80", []x12.RowError{{Code: x12.CodeRepeated, Line: 12, Tag: "NM1", Element: 1}}},
		{"procedure with another separator", append(sound[:3:3], "SVC*HC>99213*100*80", "CAS*PR*1*20"), "80", []x12.RowError{{Code: x12.CodeMissingElement, Line: 12, Tag: "SVC", Element: 1}}},
		{"reason without amount", append(sound[:4:4], "CAS*PR*1*20**45"), "80", []x12.RowError{{Code: x12.CodeMissingElement, Line: 13, Tag: "CAS", Element: 6}}},
		{"data cut off by a terminator", append(sound[:3:3], "LEE*JANE"), "80", []x12.RowError{{Code: x12.CodeOrder, Line: 12}}},
		{"late patient", append(sound[:6:6], "NM1*IL*1*DOE"), "80", []x12.RowError{{Code: x12.CodeOrder, Line: 15, Tag: "NM1"}}},
		{"claim without its number segment", []string{"CLP*A1*1*80*80**12*P1"}, "0", []x12.RowError{{Code: x12.CodeOrder, Line: 9, Tag: "CLP"}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			amount, debit := strings.CutPrefix(c.amount, "-")
			data := remittance(amount, c.segments...)
			if debit {
				data = bytes.Replace(data, []byte("*C*CHK"), []byte("*D*CHK"), 1)
			}
			claims, _, file, err := read835(data)
			if err != nil || len(claims) != 1 || (file.Faulty > 0) != (len(c.want) > 0) {
				t.Fatal(len(claims), file, err)
			}
			got := claims[0].Problems
			if len(got) != len(c.want) {
				t.Fatalf("got %v", got)
			}
			for i, p := range got {
				if p.Text == "" || p.Segment != p.Line {
					t.Errorf("no text or wrong segment: %+v", p)
				}
				p.Text, p.Segment = "", 0
				if p != c.want[i] {
					t.Errorf("got %+v, want %+v", p, c.want[i])
				}
			}
		})
	}
}

func TestPaymentFaults(t *testing.T) {
	sound := []string{"LX*1", "CLP*A1*1*100*80**12*P1", "CAS*CO*45*20"}
	file := func(segments ...string) []byte { return envelope("HP", "005010X221A1", segments...) }
	start := []string{"ST*835*0001*005010X221A1", "BPR*I*80*C*CHK************20260105", "TRN*1*CHECK1*1999999999"}
	cases := []struct {
		name string
		data []byte
		want x12.Error
	}{
		{"a cent too many", remittance("80.01", sound...), x12.Error{Code: x12.CodeBalance, Segment: 12, Tag: "BPR"}},
		{"adjustment of the payment", remittance("70", append(sound, "PLB*1234567893*20261231*WO:X*10")...), x12.Error{}},
		{"adjustment forgotten", remittance("80", append(sound, "PLB*1234567893*20261231*WO:X*10")...), x12.Error{Code: x12.CodeBalance, Segment: 13, Tag: "BPR"}},
		{"no payee", file(append(start, sound...)...), x12.Error{Code: x12.CodeMissingSegment, Segment: 7, Tag: "N1"}},
		{"no trace", file("ST*835*0001*005010X221A1", "BPR*H*0*C*NON************20260105", "N1*PE*OFFICE"), x12.Error{Code: x12.CodeMissingSegment, Segment: 6, Tag: "TRN"}},
		{"neither credit nor debit", file("ST*835*0001*005010X221A1", "BPR*I*0*X*CHK************20260105"), x12.Error{Code: x12.CodeInvalid, Segment: 4, Tag: "BPR", Element: 3}},
		{"nothing", file("ST*835*0001*005010X221A1"), x12.Error{Code: x12.CodeMissingSegment, Segment: 4, Tag: "BPR"}},
		{"another group", envelope("HN", "005010X221A1", "ST*835*0001*005010X221A1"), x12.Error{Code: x12.CodeTransaction, Segment: 2, Tag: "GS", Element: 1}},
	}
	for _, c := range cases {
		_, payments, _, err := read835(c.data)
		sameFault(t, c.name, err, c.want)
		if (c.want.Code == "") != (len(payments) == 1) {
			t.Errorf("%s: %d payments", c.name, len(payments))
		}
	}
}
