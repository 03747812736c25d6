package priorauth_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/priorauth"
)

// onEngines runs a benchmark on a fresh portal on each engine.
func onEngines(b *testing.B, fn func(b *testing.B, p *portal.Portal)) {
	b.Run("sqlite", func(b *testing.B) {
		clock := dbtest.NewClock()
		fn(b, portal.New(b, dbtest.SQLite(b, clock.Now), clock))
	})
	b.Run("postgres", func(b *testing.B) {
		clock := dbtest.NewClock()
		fn(b, portal.New(b, dbtest.Postgres(b, clock.Now), clock))
	})
}

// callers runs fn b.N times from n goroutines.
func callers(b *testing.B, n int, fn func(i int) error) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, n)
	b.ResetTimer()
	for range n {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				err := fn(i)
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "per-s")
	close(errs)
	for err := range errs {
		b.Fatal(err)
	}
}

// BenchmarkSubmit compares a full submit through the service with a bare
// transaction that writes the rows it is about (request, three lines,
// disclosure, record entry, job) and nothing else, on the same engine and
// through the same group commit.
func BenchmarkSubmit(b *testing.B) {
	onEngines(b, func(b *testing.B, p *portal.Portal) {
		for _, n := range []int{1, 8, 64} {
			name := fmt.Sprintf("callers=%d", n)
			b.Run(name+"/bare", func(b *testing.B) { callers(b, n, func(int) error { return p.DB.Update(ctx(), bareSubmit) }) })
			b.Run(name+"/service", func(b *testing.B) { benchSubmit(b, p, n) })
		}
	})
}

func benchSubmit(b *testing.B, p *portal.Portal, n int) {
	sub := p.Submission(p.LookUp(p.Clerk, p.Eleanor).Member.ID)
	sub.Lines = append(sub.Lines, sub.Lines[0])
	drafts := make([]id.Draft, b.N)
	for i := range drafts {
		d, err := p.Priorauth.StartDraft(ctx(), p.Clerk.Actor, sub.Member)
		if err != nil {
			b.Fatal(err)
		}
		drafts[i] = d.ID
	}
	callers(b, n, func(i int) error {
		s := sub
		s.Draft = drafts[i]
		s.Lines = append([]priorauth.Line{}, sub.Lines...)
		_, err := p.Priorauth.Submit(ctx(), p.Clerk.Actor, s)
		return err
	})
}

// bareSubmit writes the rows of a request without asking anything.
func bareSubmit(tx *db.Tx) error {
	r, now := string(id.New[id.Request](tx.Now)), db.Micros(tx.Now)
	digest, body := make([]byte, 32), make([]byte, 1800)
	_, _ = rand.Read(digest)
	_, err := tx.Exec(`insert into request (id, number, org, org_name, trace, door, member, member_initials, kind, urgency, statement, statement_by,
			requesting_npi, servicing_npi, diagnoses, service, notes, contact_name, contact_phone, admit_on, received_us, rule, rule_version,
			target_us, limit_us, person, person_name, entry, digest)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29)`,
		r, r, "org", "Riverside Cardiology", r, "web", "member", "E.W.", "outpatient service", "standard", "", "", "1000000111", "1000000129",
		"I25.10", "E0110 and 2 more", "Angina since May", "Dana Okafor", "212-555-0100", "", now, "standard", int64(2), now, now, "person", "Dana Okafor", r, digest)
	if err != nil {
		return err
	}
	for no := range 3 {
		_, err = tx.Exec(`insert into request_line (id, request, no, code, system, modifiers, units, unit_kind, from_on, to_on, place, note)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			string(id.New[id.Line](tx.Now)), r, int64(no), "E0110", "hcpcs", "", int64(2), "units", "2026-12-01", "2026-12-20", "12", "")
		if err != nil {
			return err
		}
	}
	_, err = tx.Exec(`insert into disclosure (id, member, subject, fields, purpose, outcome, key_kind, person, username, name, org, org_name, session, door, address, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		r, "member", "draft", "name, birth date", "TREATMENT", "shown", "", "person", "dana", "Dana Okafor", "org", "Riverside Cardiology", "", "web", "127.0.0.1", now)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into record_entry (id, subject, kind, person, username, org, door, at_us, body, body_digest, digest)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		r, "bench/"+r, "request.submitted", "person", "dana", "org", "web", now, body, digest, digest)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into job (id, kind, key, payload, asked_by, tries, max_tries, due_us, holder, reason, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		r, "bench", r, []byte("{}"), "", int64(0), int64(5), now+1e12, "", "", now)
	return err
}

// BenchmarkLookUp compares an audited look-up with a bare indexed read and one
// durable row, among 20,000 members.
func BenchmarkLookUp(b *testing.B) {
	onEngines(b, func(b *testing.B, p *portal.Portal) {
		keys := manyMembers(b, p, 20_000)
		for _, n := range []int{1, 8, 64} {
			name := fmt.Sprintf("callers=%d", n)
			b.Run(name+"/bare", func(b *testing.B) {
				callers(b, n, func(i int) error { return p.DB.Update(ctx(), bareLook(keys[i%len(keys)].Number)) })
			})
			b.Run(name+"/service", func(b *testing.B) {
				callers(b, n, func(i int) error {
					_, err := p.Coverage.LookUp(ctx(), p.Clerk.Actor, coverage.Query{Key: keys[i%len(keys)], Purpose: access.Treatment})
					return err
				})
			})
		}
	})
}

func bareLook(number string) func(tx *db.Tx) error {
	return func(tx *db.Tx) error {
		var m, first, last, birth string
		err := tx.Row("select id, first, last, birth from member where number_folded = $1", strings.ToLower(number)).Scan(&m, &first, &last, &birth)
		if db.NoRows(err) {
			err = tx.Row("select id, first, last, birth from member where number_folded = $1", number).Scan(&m, &first, &last, &birth)
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(`insert into disclosure (id, member, subject, fields, purpose, outcome, key_kind, person, username, name, org, org_name, session, door, address, at_us)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
			string(id.New[id.Disclosure](tx.Now)), m, "member", "name, birth date", "TREATMENT", "shown", "member id", "person", "dana", "Dana Okafor", "org",
			"Riverside Cardiology", "", "web", "127.0.0.1", db.Micros(tx.Now))
		return err
	}
}

// manyMembers loads members of the clerk's panel and gives what she types to
// find them.
func manyMembers(b *testing.B, p *portal.Portal, n int) []member.Key {
	b.Helper()
	var file strings.Builder
	file.WriteString("member_number,subscriber_number,relationship,last,first,middle,suffix,birth,gender,street,city,state,zip,phone,plan,group,from,to,pcp_npi\n")
	keys := make([]member.Key, n)
	for i := range keys {
		number := fmt.Sprintf("BEN%08d", i)
		keys[i] = member.Key{Number: number, Birth: civil.Date{Y: 1900 + i%90, M: time.Month(i%12 + 1), D: i%28 + 1}}
		fmt.Fprintf(&file, "%s,%s,self,Family%d,Given%d,,,19%02d-%02d-%02d,female,1 Main St,Springfield,NY,10001,,SHA-PLUS,G1,2026-01-01,,%s\n",
			number, number, i%5000, i, i%90, i%12+1, i%28+1, p.Requesting.NPI)
	}
	load(b, p, file.String())
	return keys
}

// BenchmarkPages measures the queries of the worklist and the case page over
// 100,000 requests, half of them open. Rendering is measured in package web.
func BenchmarkPages(b *testing.B) {
	onEngines(b, func(b *testing.B, p *portal.Portal) {
		number := manyRequests(b, p, 100_000)
		b.Run("worklist", func(b *testing.B) {
			for b.Loop() {
				page, err := p.Review.Worklist(ctx(), p.Nurse.Actor, priorauth.Filter{Group: priorauth.GroupOpen})
				if err != nil || len(page.Rows) != priorauth.PageSize {
					b.Fatal(len(page.Rows), err)
				}
			}
		})
		b.Run("case", func(b *testing.B) {
			for b.Loop() {
				_, err := p.Review.Open(ctx(), p.Nurse.Actor, number)
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

// manyRequests fills the tables of the worklist and gives one real request.
func manyRequests(b *testing.B, p *portal.Portal, n int) id.Number {
	b.Helper()
	real := p.Submit(p.Clerk, p.Eleanor, nil)
	start := p.Clock.Now()
	for from := 0; from < n; from += 500 {
		err := p.DB.Update(ctx(), func(tx *db.Tx) error {
			for i := from; i < from+500; i++ {
				err := copyRequest(tx, string(real.Number), i, start.Add(time.Duration(i)*time.Minute))
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return real.Number
}

func copyRequest(tx *db.Tx, number string, i int, due time.Time) error {
	r := fmt.Sprintf("bench%021d", i)
	_, err := tx.Exec(`insert into request (id, number, org, org_name, trace, door, member, member_initials, kind, urgency, statement, statement_by,
			requesting_npi, servicing_npi, diagnoses, service, notes, contact_name, contact_phone, admit_on, received_us, rule, rule_version,
			target_us, limit_us, person, person_name, entry, digest)
		select $1, $2, org, org_name, $3, door, member, member_initials, kind, urgency, statement, statement_by,
			requesting_npi, servicing_npi, diagnoses, service, notes, contact_name, contact_phone, admit_on, received_us, rule, rule_version,
			target_us, limit_us, person, person_name, entry, digest from request where number = $4`, r, r, r, number)
	if err != nil {
		return err
	}
	status, open := "in review", int64(1)
	if i%2 == 1 {
		status, open = "approved", 0
	}
	_, err = tx.Exec(`insert into request_state (request, org, version, status, pending, urgency, owner, owner_name, specialty, referred, due_us, limit_us, lapsed, changed_us, decided_us, last_on)
		values ($1, $2, 1, $3, $4, 'standard', '', '', '', 0, $5, $6, 0, $7, 0, '')`,
		r, "org", status, open, db.Micros(due), db.Micros(due), db.Micros(due))
	return err
}
