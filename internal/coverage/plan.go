package coverage

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

const (
	maxPlans  = 10_000
	maxCopays = 100 // of one plan
)

// ImportPlans adds plans, or brings those with the same code up to date with
// their copays and limits. Plans that are not named stay as they are.
func (s *Service) ImportPlans(ctx context.Context, who access.Actor, plans []Plan) error {
	err := who.May(access.ImportData)
	if err != nil {
		return err
	}
	err = checkPlans(plans)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"plans": plans})
	if err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		for _, p := range plans {
			err := putPlan(tx, p)
			if err != nil {
				return err
			}
		}
		_, err := record.Append(tx, who, record.New{Subject: "import/" + string(id.New[id.Import](tx.Now)), Kind: "plans.loaded", Body: body})
		return err
	})
}

func checkPlans(plans []Plan) error {
	if len(plans) == 0 || len(plans) > maxPlans {
		return fault.New(fault.Invalid, "Give from 1 to 10,000 plans")
	}
	var problems []fault.Problem
	bad := func(i int, path, text string) {
		problems = append(problems, fault.Problem{Path: fmt.Sprintf("plans[%d].%s", i, path), Text: text})
	}
	seen := map[string]bool{}
	for i, p := range plans {
		switch {
		case strings.TrimSpace(p.Code) == "":
			bad(i, "code", "A plan needs a code")
		case seen[p.Code]:
			bad(i, "code", "Two plans have this code")
		}
		seen[p.Code] = true
		for _, text := range []string{p.Code, p.Name, p.Contract} {
			if reason := Unfit(text); reason != "" {
				bad(i, "name", "A text "+reason)
			}
		}
		for _, l := range p.Limits {
			if !slices.Contains(Kinds(), l.Kind) || l.Cents < 0 {
				bad(i, "limits", "A limit is an amount of one of the kinds that are counted")
			}
		}
		if len(p.Copays) > maxCopays {
			bad(i, "copays", "A plan has at most 100 copays here")
		}
		for _, c := range p.Copays {
			if reason := c.wrong(); reason != "" {
				bad(i, "copays", reason)
			}
		}
	}
	if len(problems) > 0 {
		return fault.Bad(problems...)
	}
	return nil
}

// wrong says what is wrong with a copay, or nothing.
func (c Copay) wrong() string {
	_, sayable := needed(string(c.Needed))
	switch {
	case c.Service == "" || Unfit(c.Service) != "" || Unfit(c.Text) != "" || c.Cents < 0 || c.Percent < 0 || c.Percent > 100:
		return "A copay names its service, and an amount or a share from 0 to 100 percent"
	case !sayable || Unfit(c.NeededNote) != "" || c.NeededNote != "" && c.Needed == "":
		return "Whether an authorization is needed is yes, no or maybe, and only then has a note"
	case c.Unpriced && c.Needed == "":
		return "A service without a cost says whether an authorization is needed"
	case !isServiceType(c.Code):
		return "A service type code has up to 10 letters, digits and hyphens"
	}
	return ""
}

func isServiceType(code string) bool { return len(code) <= 10 && made(code, "-") }

func putPlan(tx *db.Tx, p Plan) error {
	if p.Name == "" {
		p.Name = p.Code
	}
	_, err := tx.Exec(`insert into coverage_plan (code, name, contract, changed_us) values ($1, $2, $3, $4)
		on conflict (code) do update set name = excluded.name, contract = excluded.contract, changed_us = excluded.changed_us`,
		p.Code, p.Name, p.Contract, db.Micros(tx.Now))
	if err != nil {
		return err
	}
	_, err = tx.Exec("delete from coverage_copay where plan = $1", p.Code)
	if err != nil {
		return err
	}
	for i, c := range p.Copays {
		_, err = tx.Exec(`insert into coverage_copay (plan, no, service, wording, cents, share, priced, code, needed, needed_note)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			p.Code, i+1, c.Service, c.Text, c.Cents, c.Percent, db.Bit(!c.Unpriced), c.Code, string(c.Needed), c.NeededNote)
		if err != nil {
			return err
		}
	}
	return putLimits(tx, p.Code, p.Limits)
}
