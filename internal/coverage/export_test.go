package coverage

import (
	"bytes"
	"encoding/gob"
)

// Restage gives a row as it comes out of the staging.
func Restage(e Enrollment) (Enrollment, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(stagedRow{Row: plain(e)})
	if err != nil {
		return Enrollment{}, err
	}
	var row stagedRow
	err = gob.NewDecoder(&b).Decode(&row)
	return Enrollment(row.Row), err
}
