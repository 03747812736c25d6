package app

import (
	"log/slog"

	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/glass"
	"hsconnect/internal/member"
	"hsconnect/internal/minimum"
	"hsconnect/internal/watch"
)

// Minimum makes the table of facts by role. Two accounts are one person's as
// far as the accounts tell.
func Minimum(d *db.DB) *minimum.Service {
	return minimum.New(minimum.Deps{DB: d, Same: account.SamePerson})
}

// Glass makes what opens a restricted member's information; whom somebody
// could see otherwise is what package member says.
func Glass(d *db.DB, w *watch.Service, log *slog.Logger, site string) *glass.Service {
	return glass.New(glass.Deps{DB: d, Log: log, Site: site, Watch: w, Reach: member.Reach, Patient: member.Patient, Vain: member.Vain, Refused: member.Refused})
}
