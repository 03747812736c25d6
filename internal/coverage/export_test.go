package coverage

import "errors"

// Restage gives a row as it comes out of the staging.
func Restage(e Enrollment) (Enrollment, error) {
	body, err := encodeRows([]stagedRow{{Row: plain(e)}})
	if err != nil {
		return Enrollment{}, err
	}
	rows, err := decodeRows(body)
	if err != nil || len(rows) != 1 {
		return Enrollment{}, errors.Join(err, errors.New("not one row"))
	}
	return Enrollment(rows[0].Row), nil
}
