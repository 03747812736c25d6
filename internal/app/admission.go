package app

import (
	"hsconnect/internal/admission"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/provider"
)

// admissions makes what admits people and organizations, and its jobs.
func (a *App) admissions() {
	a.Admission = admission.New(admission.Deps{DB: a.DB, Accounts: a.Accounts, Log: a.Log, Zone: a.Zone, FindOrg: FindOrganization,
		Link: func(path string) string { return a.Config.site() + path }})
	a.Jobs.Handle(admission.JobNotices, a.Admission.Notices)
	a.Jobs.Handle(admission.JobReviews, a.Admission.Reviews)
	a.Jobs.Every(admission.JobNotices, admission.NoticesEvery)
	a.Jobs.Every(admission.JobReviews, admission.ReviewsEvery)
}

// FindOrganization gives the organization of the plan's directory that has
// both the tax ID and the NPI: what admission asks of the directory.
func FindOrganization(tx *db.Tx, tin, npi string) (org id.Organization, name, ownTIN string, found bool, err error) {
	p, err := provider.Find(tx, code.NPI(npi))
	if fault.Is(err, fault.NotFound) {
		return "", "", "", false, nil
	}
	if err != nil {
		return "", "", "", false, err
	}
	o, err := provider.OrganizationOf(tx, p.Org)
	if err != nil {
		return "", "", "", false, err
	}
	if o.NPI != code.NPI(npi) || o.TIN != tin || o.Kind == provider.PlanKind {
		return "", "", "", false, nil
	}
	return o.ID, o.Name, o.TIN, true, nil
}
