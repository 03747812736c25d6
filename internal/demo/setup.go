package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/agreement"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/factor"
	"hsconnect/internal/fault"
	"hsconnect/internal/provider"
)

// setupSteps are the parts of setUp, for the progress.
const setupSteps = 7

var errRefused = errors.New("demo: a made-up file was refused")

// setUp loads what a plan has before the first office signs in.
func (h *hand) setUp(ctx context.Context) error {
	for _, part := range []func(context.Context) error{
		func(ctx context.Context) error {
			_, err := h.Agreements.EnsurePublished(ctx, access.SystemActor("agreement"))
			return err
		},
		func(ctx context.Context) error { return h.Coverage.ImportPlans(ctx, operator(), h.w.plans) },
		h.loadCodes, h.loadProviders, h.loadMembers, h.findOrganizations, h.makeAccounts,
	} {
		err := part(ctx)
		if err != nil {
			return err
		}
		h.tick()
	}
	return nil
}

func (h *hand) loadCodes(ctx context.Context) error {
	rep, err := h.Codes.Import(ctx, operator(), "demo-codes.csv", bytes.NewReader(h.w.codes))
	if err != nil || len(rep.Refused) > 0 {
		return errors.Join(err, refused("codes", len(rep.Refused)))
	}
	return nil
}

func refused(what string, n int) error {
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s, %d rows", errRefused, what, n)
}

func (h *hand) loadProviders(ctx context.Context) error {
	file, err := h.w.organizationsFile()
	if err != nil {
		return err
	}
	rep, err := h.Providers.ImportOrganizations(ctx, operator(), "demo-organizations.csv", bytes.NewReader(file), nil)
	if err != nil || len(rep.Refused) > 0 {
		return errors.Join(err, refused("organizations", len(rep.Refused)))
	}
	file, err = h.w.practitionersFile()
	if err != nil {
		return err
	}
	rep, err = h.Providers.ImportPractitioners(ctx, operator(), "demo-practitioners.csv", bytes.NewReader(file), nil)
	if err != nil || len(rep.Refused) > 0 {
		return errors.Join(err, refused("practitioners", len(rep.Refused)))
	}
	return nil
}

func (h *hand) loadMembers(ctx context.Context) error {
	file, err := h.w.membersFile()
	if err != nil {
		return err
	}
	src := coverage.Source{Name: "demo-members.csv", Size: int64(len(file)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(file)), nil
	}}
	rep, err := h.Coverage.Import(ctx, operator(), src, coverage.CSV, nil)
	if err != nil || len(rep.Refused) > 0 {
		return errors.Join(err, refused("members", len(rep.Refused)))
	}
	return nil
}

// findOrganizations gives the organizations the ids that the portal gave them.
func (h *hand) findOrganizations(ctx context.Context) error {
	return h.DB.View(ctx, func(tx *db.Tx) error {
		for _, o := range h.w.orgs {
			party, err := provider.Find(tx, o.NPI)
			if err != nil {
				return err
			}
			o.ID = party.Org
		}
		return nil
	})
}

func (h *hand) makeAccounts(ctx context.Context) error {
	all := make([]account.NewPerson, len(h.w.people))
	for i, p := range h.w.people {
		if p.org != nil {
			p.Org, p.OrgName, p.OrgTIN = p.org.ID, p.org.Name, p.org.TIN
		}
		all[i] = p.NewPerson
	}
	ids, err := h.Accounts.CreateAll(ctx, operator(), all)
	if err != nil {
		return err
	}
	for i, p := range h.w.people {
		p.id = ids[i]
		if !p.known {
			continue
		}
		p.factors, err = h.Accounts.Enroll(ctx, operator(), p.id)
		if err != nil {
			return err
		}
	}
	return nil
}

// arrivals are everybody's acceptance of the agreement on the first day, and
// their last sign-in, but for a few who stay away.
func (h *hand) arrivals() []event {
	var out []event
	for i, p := range h.w.people {
		if !p.accepted {
			continue
		}
		first := h.w.start.Add(2*time.Hour + time.Duration(i%24)*slot)
		out = append(out, event{at: first, do: func(ctx context.Context) error { return h.accept(ctx, p) }})
		if !p.known && i%25 == 7 {
			continue // has not been here since: the portal warns of non-use
		}
		last := h.w.now.Add(-20*time.Hour - time.Duration(i%6)*slot)
		if !p.known {
			last = last.Add(-time.Duration(i%20) * 24 * time.Hour)
		}
		out = append(out, event{at: last, do: func(ctx context.Context) error { return h.visit(ctx, p) }})
	}
	for i := range 3 { // for the security officer to find
		at := h.w.now.Add(-time.Duration(30+i*50) * time.Hour)
		out = append(out, event{at: at, do: h.strange})
	}
	return out
}

const browser = "Mozilla/5.0 (made up)"

func (h *hand) accept(ctx context.Context, p *person) error {
	v, err := h.Agreements.Current(ctx)
	if err != nil {
		return err
	}
	return h.Agreements.Accept(ctx, h.actor(p), agreement.Acceptance{
		Version: v.ID, SHA256: v.SHA256, Button: "Accept", Address: p.address, Agent: browser, Locale: "en-US",
	})
}

// visit signs p in and out again.
func (h *hand) visit(ctx context.Context, p *person) error {
	token, who, err := h.Accounts.SignIn(ctx, account.Attempt{Username: p.Username, Password: p.Password, Address: p.address, Agent: browser})
	if err != nil {
		return err
	}
	if p.known {
		code, err := factor.TOTP(p.factors.Secret, h.DB.Now())
		if err != nil {
			return err
		}
		_, err = h.Accounts.ProveCode(ctx, token, code)
		if err != nil {
			return err
		}
	}
	return h.Accounts.SignOut(ctx, who)
}

// strange is somebody who tries a name that nobody has.
func (h *hand) strange(ctx context.Context) error {
	_, _, err := h.Accounts.SignIn(ctx, account.Attempt{Username: "administrator", Password: "let me in please", Address: "203.0.113.77", Agent: browser})
	if fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.TooMany) {
		return nil
	}
	return err
}
