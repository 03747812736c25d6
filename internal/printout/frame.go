package printout

import (
	"strconv"
	"time"

	"hsconnect/internal/civil"
	"hsconnect/internal/clock"
	"hsconnect/internal/copies"
	"hsconnect/internal/pdf"
)

// at tells a moment in the plan's zone, with its year.
func (s *Service) at(t time.Time) string {
	return t.In(s.Zone).Format("January 2, 2006, ") + shortTime(t, s.Zone)
}

// brief is at for the cells of tables: "Nov 23, 2026, 8:33 PM ET".
func (s *Service) brief(t time.Time) string {
	return t.In(s.Zone).Format("Jan 2, 2006, ") + shortTime(t, s.Zone)
}

// day tells a date of the calendar: "November 23, 2026".
func day(d civil.Date) string { return d.In(time.UTC).Format("January 2, 2006") }

// shortTime is the end of clock.Full: "4:59 PM ET".
func shortTime(t time.Time, zone *time.Location) string {
	full := clock.Full(t, zone)
	for n := range full {
		if full[n] == ',' && n > 4 { // the comma after the day
			return full[n+2:]
		}
	}
	return full
}

// Words says which copy this is.
func (s *Service) words(c copies.Copy) string {
	if c.No == 1 {
		return "copy 1 of 1"
	}
	return "copy " + strconv.Itoa(c.No) + ", the first was given on " + c.First.In(s.Zone).Format("January 2, 2006")
}

// owner names the organization whose copy it is.
func (s *Service) owner(c copies.Copy) string {
	if ofPlan(c) {
		return s.Plan + " (the plan’s own copy)"
	}
	return c.OrgName
}

// frame is what stands on each page of a copy.
func (s *Service) frame(c copies.Copy, p paper) pdf.Doc {
	d := pdf.Doc{
		Title: p.title + ", " + s.words(c), Lang: "en-US", Author: s.Plan, Created: c.At, TextSize: 10, TableSize: 9,
		Header: s.Plan + " · " + p.title + "\n" + capital(s.words(c)) + " · " + string(c.ID) + " · for " + s.owner(c),
		Footer: "Printed by " + c.Name + " (" + c.Username + ") for " + s.owner(c) + " on " + s.at(c.At) + ".\n" +
			"If you find this sheet, call " + s.Call + " and read out " + string(c.ID) + ".",
		Watermark: s.owner(c) + "\n" + c.Name + " · " + s.at(c.At) + "\n" + s.words(c),
	}
	if p.notice != "" {
		d.Footer = p.notice + "\n" + d.Footer
	}
	if p.wide {
		d.Size = pdf.Size{Width: pdf.Letter().Height, Height: pdf.Letter().Width}
	}
	return d
}

// aboutCopy is the last part of a copy: what it is, and how to check it.
func (s *Service) aboutCopy(w *pdf.Writer, c copies.Copy) {
	w.Heading(2, "About this copy")
	w.Para(capital(s.words(c)) + ", number " + string(c.ID) + ", for " + s.owner(c) + ". Printed by " + c.Name + " (" + c.Username + ") on " + s.at(c.At) + ".")
	if c.Reason != "" {
		w.Para("Why another copy was needed: " + c.Reason)
	}
	w.Para("The user agreement allows each organization one printed copy, for the patient’s file. Please do not copy it: when it is lost, the portal gives another for a reason. " +
		"To check it, ask " + s.Plan + " at " + s.Call + " and read out its number; the plan can say who printed it, when, and which copy it is.")
}
