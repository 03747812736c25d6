package db

import (
	"time"
)

// Lease takes or keeps the lease name for holder until d from now. It reports
// false while another holder's lease runs. A holder that stops renewing loses
// it, so a killed copy never blocks the others for longer than d.
func Lease(tx *Tx, name, holder string, d time.Duration) (bool, error) {
	n, err := tx.Exec(`insert into lease (name, holder, until_us) values ($1, $2, $3)
		on conflict (name) do update set holder = excluded.holder, until_us = excluded.until_us
		where lease.holder = excluded.holder or lease.until_us < $4`,
		name, holder, Micros(tx.Now.Add(d)), Micros(tx.Now))
	if err != nil {
		return false, err
	}
	return n == 1, nil
}

// Release ends holder's lease at once.
func Release(tx *Tx, name, holder string) error {
	_, err := tx.Exec("delete from lease where name = $1 and holder = $2", name, holder)
	return err
}
