package demo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/coverage"
)

// daysBack is how far the made-up past reaches.
const daysBack = 60

// world is the whole made-up plan before any of it is told to the portal: a
// function of seed, size and day, but for the passwords that nobody knows.
type world struct {
	seed  uint64
	now   time.Time
	zone  *time.Location
	today civil.Date
	start time.Time // when the plan's data is loaded

	names   names
	plans   []coverage.Plan
	codes   []byte
	orgs    []*organization
	people  []*person
	members []*insured
	pcps    []code.NPI
	scenes  []*scene
	cases   []*story
	drafts  []*story // never submitted
	glances []glance
}

// Begin is when the past of a plan that is made at now begins: the time to
// which a new demo's clock is held while its database is opened.
func Begin(now time.Time, zone *time.Location) time.Time {
	return civil.Of(now, zone).AddDays(-daysBack - 1).In(zone).Add(6 * time.Hour)
}

// imagine makes the world.
func imagine(now time.Time, zone *time.Location, seed uint64, size Size) (*world, error) {
	w := &world{seed: seed, now: now, zone: zone, today: civil.Of(now, zone), start: Begin(now, zone)}
	var err error
	w.names, err = readNames()
	if err != nil {
		return nil, err
	}
	w.plans, err = readPlans()
	if err != nil {
		return nil, err
	}
	err = readBenefits(w.plans)
	if err != nil {
		return nil, err
	}
	w.codes, err = codeTable()
	if err != nil {
		return nil, err
	}
	w.scenes, err = readScenes()
	if err != nil {
		return nil, err
	}
	err = w.makeOrganizations(seed)
	if err != nil {
		return nil, err
	}
	err = w.makePeople(seed, size.People)
	if err != nil {
		return nil, err
	}
	w.makeMembers(seed, size.Members)
	err = w.makeStories(seed, size)
	if err != nil {
		return nil, err
	}
	w.makeGlances(seed, size)
	return w, nil
}

// codeTable gives our words for public codes as the file that an operator
// would load. Of CPT there is none: its codes are somebody's property.
func codeTable() ([]byte, error) {
	table := [][]string{{"system", "code", "display", "from", "to"}}
	for _, part := range []struct {
		file   string
		system code.System
	}{{"diagnoses", code.ICD10CM}, {"procedures", code.HCPCS}} {
		list, err := rows(part.file, 2)
		if err != nil {
			return nil, err
		}
		for _, row := range list {
			table = append(table, []string{string(part.system), row[0], row[1], "", ""})
		}
	}
	return asCSV(table)
}

// digest is a hash of what the world says, to tell two of them apart.
func (w *world) digest(ctx context.Context) (string, error) {
	var all bytes.Buffer
	claims := func() ([]byte, error) { return w.claimsFile(w.seed) }
	for _, file := range []func() ([]byte, error){w.organizationsFile, w.practitionersFile, w.membersFile, claims} {
		raw, err := file()
		if err != nil {
			return "", err
		}
		all.Write(raw)
	}
	for _, p := range w.people {
		fmt.Fprintln(&all, p.Username, p.Name, p.Roles, p.OrgName)
	}
	for _, s := range append(append([]*story{}, w.cases...), w.drafts...) {
		s.describe(&all)
		for _, p := range s.papers {
			raw, err := p.bytes(ctx)
			if err != nil {
				return "", err
			}
			all.Write(raw)
		}
	}
	sum := sha256.Sum256(all.Bytes())
	return hex.EncodeToString(sum[:]), nil
}
