package web_test

import (
	"slices"
	"strings"
	"testing"

	"hsconnect/internal/civil"
	"hsconnect/internal/member"
	"hsconnect/internal/web"
)

var dayToday = civil.Date{Y: 2026, M: 11, D: 23}

func TestLinesOfADay(t *testing.T) {
	born := civil.Date{Y: 1951, M: 3, D: 4}
	for line, want := range map[string]member.Key{
		"SHA1234567, 3/4/1951":                {Number: "SHA1234567"},
		"SHA1234567;03-04-1951":               {Number: "SHA1234567"},
		"SHA1234567\t1951-03-04":              {Number: "SHA1234567"},
		"  SHA1234567    3/4/51  ":            {Number: "SHA1234567"},
		"SHA1234567 3/4/1951":                 {Number: "SHA1234567"},
		"1EG4-TE5-MK73, Mar 4, 1951":          {Number: "1EG4-TE5-MK73"},
		"1EG4 TE5 MK73  4 Mar 1951":           {Number: "1EG4 TE5 MK73"},
		"Lee, Ann, 3/4/1951":                  {Last: "Lee, Ann"},
		"Lee; Ann; March 4, 1951":             {Last: "Lee, Ann"},
		`"Lee, Ann","3/4/1951"`:               {Last: "Lee, Ann"},
		"Lee\tAnn\t03041951":                  {Last: "Lee, Ann"},
		"García López, José Ramón | 3/4/1951": {Last: "García López, José Ramón"},
		"O'Brien, III, Mary Ann, 3/4/1951":    {Last: "O'Brien, III, Mary Ann"},
		"Ann Lee 3/4/1951":                    {Last: "Ann Lee"},
		"May, April, 3/4/1951":                {Last: "May, April"},
		"SHA1234567, Lee, Ann, 3/4/1951":      {Number: "SHA1234567", Last: "Lee, Ann"},
	} {
		want.Birth = born
		_, keys, problems := web.DayLines(line, dayToday)
		if len(keys) != 1 || keys[0] != want || problems[0] != "" {
			t.Errorf("%q: %q %q %s, %q", line, keys[0].Number, keys[0].Last, keys[0].Birth, problems[0])
		}
	}
	for line, want := range map[string]string{
		"SHA1234567":                    "end of the line",
		"3/4/1951":                      "end of the line",
		"Lee, Ann":                      "end of the line",
		"Lee, Ann, 2/30/1951":           "does not have such a day",
		"Lee, Ann, 13/4/1951":           "month",
		"Lee, Ann, 11/24/2026":          "future",
		"Lee, Ann, 1/1/1890":            "check the year",
		"Lee, Ann, 1/1":                 "year",
		strings.Repeat("x", 400) + " 1": "300 characters",
	} {
		_, keys, problems := web.DayLines(line, dayToday)
		if len(keys) != 1 || !strings.Contains(problems[0], want) {
			t.Errorf("%q: %q", line, problems)
		}
		if len(problems) == 1 && len(line) < 300 && line != "3/4/1951" && strings.Contains(problems[0], line) {
			t.Errorf("%q is repeated", line)
		}
	}
	nos, _, problems := web.DayLines("Member,Date of birth\n\nSHA1, 3/4/1951\r\n\n\nx\n", dayToday)
	if !slices.Equal(nos, []int{3, 6}) || problems[0] != "" || problems[1] == "" {
		t.Errorf("lines %v, %q", nos, problems)
	}
}

func FuzzLinesOfADay(f *testing.F) {
	f.Add("Lee, Ann, 3/4/1951\nSHA1234567  May 5, 1990", "SHA1", 1951)
	f.Add("\t;,\"\n", "Lee, Ann", 2000)
	f.Fuzz(func(t *testing.T, text, who string, year int) {
		nos, keys, problems := web.DayLines(text, dayToday)
		for i := range nos {
			if problems[i] == "" && (keys[i].Birth.IsZero() || keys[i].Number+keys[i].Last == "") {
				t.Fatalf("line %d is taken for whole", nos[i])
			}
		}
		// What is written in the plain form is read again.
		birth, err := civil.New(1900+max(year, -year)%120, 3, 4)
		if err != nil {
			return
		}
		for _, k := range []member.Key{{Number: "A1" + onlyLetters(who)}, {Last: "X" + onlyLetters(who) + ", Ann"}} {
			_, keys, problems := web.DayLines(k.Number+k.Last+", "+birth.US(), dayToday)
			k.Birth = birth
			if len(keys) != 1 || problems[0] != "" || keys[0] != k {
				t.Fatalf("not read again: %q %q", keys, problems)
			}
		}
	})
}

func onlyLetters(text string) string {
	out := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, text)
	return out[:min(len(out), 40)]
}
