package app

import (
	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/claim"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/edi"
	"hsconnect/internal/intake"
	"hsconnect/internal/member"
)

// intakes makes what takes files of members in.
func (a *App) intakes() {
	a.Intake = intake.New(intake.Deps{DB: a.DB, Vault: a.Vault, Log: a.Log, Same: account.OnePerson, Dropped: []func(*db.Tx, access.Actor, string) error{coverage.Forget}})
	a.Coverage = coverage.New(coverage.Deps{
		DB: a.DB, Log: a.Log, Zone: a.Zone, Watch: a.Watch, Intake: a.Intake, HoldShare: a.Config.Import.HoldShare, Feeds: edi.MembersFeed,
		Ties: []member.TieFinder{claim.Tie},
		Link: func(path string) string { return a.Config.site() + path },
	})
}
