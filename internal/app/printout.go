package app

import (
	"hsconnect/internal/account"
	"hsconnect/internal/copies"
	"hsconnect/internal/printout"
)

// printouts makes what prints the one copy.
func (a *App) printouts() *printout.Service {
	return printout.New(printout.Deps{
		DB: a.DB, Log: a.Log, Copies: copies.New(copies.Deps{Policy: a.Config.Print.Second, Same: account.OnePerson}), Priorauth: a.Priorauth, Coverage: a.Coverage,
		Documents: a.Documents, Plan: a.Config.Plan.Name, Call: a.Config.Plan.HelpDesk.Phone, Zone: a.Zone,
	})
}
