package id

import (
	"errors"
	"time"
)

// CopyNumber names one printed copy: "C26-482913075-5", in the shape of a
// Number with another letter. It stands on each of the copy's pages, and is
// what somebody who finds a sheet reads out.
type CopyNumber string

// ErrCopyShape and ErrCopyCheck are the two ways to mistype the number of a
// copy. Both texts may be shown.
var (
	ErrCopyShape = errors.New("the number of a copy looks like C26-482913075-5: the letter C and twelve digits")
	ErrCopyCheck = errors.New("the check digit does not fit: one digit is wrong or two are swapped. Compare the number with the foot of the page")
)

// NewCopyNumber makes the number of a copy printed at now; what NewNumber
// says of years and chance holds here too.
func NewCopyNumber(now time.Time) CopyNumber { return CopyNumber(newShape('C', now)) }

// ParseCopyNumber takes a number as somebody typed it, as ParseNumber does.
// The error is ErrCopyShape or ErrCopyCheck.
func ParseCopyNumber(typed string) (CopyNumber, error) {
	digits, fits := bareDigits('C', typed)
	if !fits {
		return "", ErrCopyShape
	}
	if !checked(digits) {
		return "", ErrCopyCheck
	}
	return CopyNumber(shape('C', digits)), nil
}
