// Package pdf writes tagged PDF 1.7 documents: determination letters, the one
// printed copy and the certified record.
//
// A document is built from top to bottom with [Writer.Heading], [Writer.Para],
// [Writer.Mono], [Writer.Facts], [Writer.List], [Writer.Table] and
// [Writer.PageBreak] and [Writer.Draw], and comes out of [Writer.WriteTo]. The writer wraps lines,
// breaks pages, keeps a heading with what follows it and repeats the header row
// of a table on each page.
//
// # What it promises
//
//   - Everything a person reads is in the structure tree (Document, H1 to H3, P,
//     L, LI, Lbl, LBody, Table, Caption, TR, TH with its scope, TD, Figure with
//     its text) in reading order. The running header and footer, page numbers, the watermark, rules
//     and repeated table headers are artifacts.
//   - The document has a language, a title that viewers show in the window, XMP
//     metadata, and a bookmark for each heading.
//   - Fonts are embedded as subsets, and every glyph maps back to the Unicode
//     character it was drawn for, so text can be searched, copied and read aloud.
//   - The same calls give the same bytes, for one version of this code and of
//     the Go library that compresses: no clock, no chance, no map order. The
//     file identifier is a digest of the content.
//   - No link, script, form, attachment or reference to anything outside the
//     file is ever written, whatever the text says, and whatever an image or a
//     page of somebody else's file ([ReadImage], [ReadPages]) came with.
//
// PDF/UA-1 (ISO 14289-1) is what the writer aims at, and the file declares it,
// unless it holds pages of another file: they are figures with a text beside
// them, and their own tags are not taken over. Conformance has not been proven by a validator; the tests hold the parts of it
// that can be checked by reading the file back.
//
// # Text
//
// Text is any Go string. Bytes that are not UTF-8 become U+FFFD. Control
// characters, direction overrides and marks, joiners, soft hyphens and variation
// selectors are removed, since none of them shows and some can make text read
// otherwise than it is stored. What is left is put in Unicode normalization form
// C. A line feed (or any Unicode line break) starts a new line in the same
// paragraph; a tab is a space. Text that is empty after this is left out.
//
// The built-in Go fonts cover Latin (Western, Central and Eastern European,
// Turkish, Baltic, Welsh), modern Greek, Cyrillic (Russian, Ukrainian,
// Bulgarian, Serbian, Belarusian and their neighbours), and common punctuation,
// currency and line-drawing signs. They do not cover Vietnamese tone marks,
// Arabic, Hebrew, Indic, Thai, Chinese, Japanese, Korean, other scripts or emoji.
// A character they lack is drawn as the replacement sign (a question mark in a
// diamond), while its true value stays in the file for search and for screen
// readers; [Writer.Missing] names such characters, so that a caller can choose
// another way to deliver the letter. Lines run from left to right in the order
// of storage: there is no bidirectional reordering and no shaping.
package pdf

import (
	"math"
	"strings"
	"time"
)

// Size is a page size in points (1/72 inch).
type Size struct{ Width, Height float64 }

// Letter is 8.5 by 11 inches: what a [Doc] that names no size is printed on.
func Letter() Size { return Size{612, 792} }

// A4 is 210 by 297 millimetres.
func A4() Size { return Size{595.28, 841.89} }

// Doc is what is said once for the whole document.
type Doc struct {
	// Title is shown by viewers as the name of the document; it is not printed.
	// Empty becomes "Untitled", since an accessible document has to have one.
	Title string
	// Lang is a BCP 47 tag such as "en-US" or "es". Anything else becomes "en-US".
	Lang string
	// Author is the organization or person; empty leaves it out.
	Author string
	// Created is written in UTC with whole seconds; zero leaves it out.
	Created time.Time
	// Header and Footer run on each page, at most four lines each and fewer on
	// paper under seven inches high. What does not fit is cut, with an ellipsis.
	Header, Footer string
	// Watermark is drawn large, light and slanted under the text of each page.
	// Lines are kept; at most three are drawn, each of at most 120 characters.
	Watermark string
	// PageLabel is the page number in the words of the document's language, with
	// {page} and {pages} in it. Empty is "Page {page} of {pages}".
	PageLabel string
	// Size is the paper; zero, or a side under 4 or over 200 inches, is Letter.
	Size Size
	// TextSize is the body size in points, from 8 to 24. Zero is 12, the size
	// that prescribed notices ask for; 18 makes a large-print copy.
	TextSize float64
	// TableSize is the size inside [Writer.Table], from 6 to 24. Zero is TextSize.
	TableSize float64
}

// Limits of what a caller may ask for, in points.
const (
	minSide, maxSide   = 288, 14400
	minText, maxText   = 8, 24
	minTable           = 6
	bodyText           = 12
	furnitureLineLimit = 4
	watermarkLineLimit = 3
	watermarkLength    = 120
)

// settled gives the document with every default filled in and every text clean.
func (d Doc) settled() Doc {
	d.Title = oneLine(d.Title)
	if d.Title == "" {
		d.Title = "Untitled"
	}
	d.Author = oneLine(d.Author)
	d.Lang = langTag(d.Lang)
	d.Header, d.Footer, d.Watermark = clean(d.Header), clean(d.Footer), clean(d.Watermark)
	d.PageLabel = oneLine(d.PageLabel)
	if d.PageLabel == "" {
		d.PageLabel = "Page {page} of {pages}"
	}
	if !within(d.Size.Width, minSide, maxSide) || !within(d.Size.Height, minSide, maxSide) {
		d.Size = Letter()
	}
	d.TextSize = clamp(d.TextSize, bodyText, minText)
	d.TableSize = clamp(d.TableSize, d.TextSize, minTable)
	return d
}

func within(v, low, high float64) bool { return v >= low && v <= high }

// clamp gives usual for zero or not-a-number, and else v between low and maxText.
func clamp(v, usual, low float64) float64 {
	if v == 0 || math.IsNaN(v) {
		return usual
	}
	return math.Min(math.Max(v, low), maxText)
}

// langTag lets only the shape of a language tag through: letters, digits and
// hyphens, the first part two to eight letters.
func langTag(s string) string {
	const usual = "en-US"
	s = strings.ReplaceAll(s, "_", "-")
	for i, part := range strings.Split(s, "-") {
		if len(part) < 1 || len(part) > 8 || i == 0 && len(part) < 2 {
			return usual
		}
		for _, r := range part {
			letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
			digit := r >= '0' && r <= '9'
			if !letter && (!digit || i == 0) {
				return usual
			}
		}
	}
	return s
}
