package bulk_test

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/portaltest/bulk"
	"hsconnect/internal/portaltest/portal"
)

// plant is a filled database with a portal on it, and people who look.
type plant struct {
	*portal.Portal
	plan  bulk.Plan
	meter meter
	desks []desk
}

// desk is somebody at an organization with the members of its panel.
type desk struct {
	who     access.Actor
	browser *portal.Browser
	members []bulk.Person
}

// desksMost are the organizations whose people look in turn.
const desksMost = 64

// BenchmarkBig measures what depends on how much there is: the look-up page
// and the ledger. HSCONNECT_BIG says how much, "MEMBERS DISCLOSURES [ENGINE]"; scripts/big
// sets it. HSCONNECT_BIG_AT is a database to use and to keep, a file or a URL,
// that is filled first if it is empty.
func BenchmarkBig(b *testing.B) {
	size := strings.Fields(cmp.Or(os.Getenv("HSCONNECT_BIG"), "2000 20000"))
	plan := bulk.Plan{Seed: 1, Now: dbtest.Start, Members: number(b, size[0]), Disclosures: number(b, size[1])}
	plan.Orgs = max(plan.Members/1000, 20)
	for _, engine := range []string{"sqlite", "postgres"} {
		if len(size) > 2 && size[2] != engine {
			continue
		}
		b.Run(engine, func(b *testing.B) {
			p := planted(b, engine, plan)
			b.Run("look/callers=8", p.benchLook)
			b.Run("ledger", p.benchLedger)
		})
	}
}

func number(b *testing.B, text string) int {
	b.Helper()
	n, err := strconv.Atoi(text)
	must(b, err)
	return n
}

func planted(b *testing.B, engine string, plan bulk.Plan) *plant {
	b.Helper()
	to := bulk.Target{}
	switch at := os.Getenv("HSCONNECT_BIG_AT"); {
	case at == "":
		to = blank(b, engine)
	case engine == "postgres":
		to.URL = at
	default:
		to.Path = at
	}
	if !filled(b, to) {
		must(b, bulk.Fill(ctx(), to, plan, func(line string) { fmt.Println(line) }))
	}
	clock := dbtest.NewClock()
	d, err := to.Open(ctx(), clock.Now)
	must(b, err)
	b.Cleanup(func() { must(b, d.Close()) })
	p := &plant{Portal: portal.Empty(b, d, clock), plan: plan, meter: newMeter(b, d)}
	// Eight callers on eight connections, as browsers keep them.
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = desksMost //nolint:forcetypeassert // it is one
	run := strconv.FormatInt(time.Now().UnixNano(), 36)
	for org := range min(desksMost, plan.Orgs) {
		p.desks = append(p.desks, p.desk(b, org, run))
	}
	return p
}

// filled migrates the target and says whether it holds members.
func filled(b *testing.B, to bulk.Target) bool {
	b.Helper()
	d, err := to.Open(ctx(), time.Now)
	must(b, err)
	migrate(b, d)
	var n int64
	must(b, d.View(ctx(), func(tx *db.Tx) error {
		return tx.Row("select count(*) from (select id from member limit 1) one").Scan(&n)
	}))
	must(b, d.Close())
	return n > 0
}

// desk signs somebody in at an organization. run makes the username another
// one each time.
func (p *plant) desk(b *testing.B, org int, run string) desk {
	b.Helper()
	of := id.Organization(p.plan.OrgID(org))
	who := p.Create(account.NewPerson{Username: fmt.Sprintf("desk.%s.%d", run, org), Name: "Dana Desk", Side: access.Office,
		Org: of, OrgName: "Office " + strconv.Itoa(org), OrgTIN: fmt.Sprintf("8%08d", org), Roles: []access.Role{access.Requester}})
	p.Accept(who)
	return desk{who: who.Actor, browser: p.SignedIn(b, who), members: p.plan.Panel(org, 500)}
}

// turn gives the desk and the member of one look.
func (p *plant) turn(i int) (desk, bulk.Person) {
	d := p.desks[i%len(p.desks)]
	return d, d.members[i/len(p.desks)%len(d.members)]
}

// benchLook compares the look-up page (the form's post that finds a member, the
// page that the redirect leads to), the service behind the post (find) and that
// of a program that asks for all at once (service) with a bare indexed read and
// one durable row. The form says what a page costs without any
// of it (session, rendering, HTTP, client), and http what HTTP and the client
// alone do.
func (p *plant) benchLook(b *testing.B) {
	post := func(i int) error {
		d, m := p.turn(i)
		a := d.browser.Post("/members", url.Values{"number": {m.Number}, "birth": {m.Birth.US()}, "first": {m.First}})
		return wanted(a, http.StatusSeeOther)
	}
	b.Run("bare", func(b *testing.B) {
		p.callers(b, func(i int) error {
			d, m := p.turn(i)
			return p.DB.Update(ctx(), bareLook(d.who, m.Number))
		})
	})
	b.Run("service", func(b *testing.B) {
		p.callers(b, func(i int) error {
			d, m := p.turn(i)
			_, err := p.Coverage.LookUp(ctx(), d.who, asked(m))
			return err
		})
	})
	b.Run("find", func(b *testing.B) {
		p.callers(b, func(i int) error {
			d, m := p.turn(i)
			_, err := p.Coverage.Find(ctx(), d.who, asked(m))
			return err
		})
	})
	b.Run("form", func(b *testing.B) {
		p.callers(b, func(i int) error {
			d, _ := p.turn(i)
			return wanted(d.browser.Get("/members"), http.StatusOK)
		})
	})
	b.Run("http", func(b *testing.B) {
		p.callers(b, func(i int) error {
			d, _ := p.turn(i)
			return wanted(d.browser.Get("/healthz"), http.StatusOK)
		})
	})
	b.Run("post", func(b *testing.B) { p.callers(b, post) })
	b.Run("page", func(b *testing.B) {
		p.callers(b, func(i int) error {
			d, m := p.turn(i)
			return wanted(d.browser.Get("/members/"+m.ID), http.StatusOK)
		})
	})
}

// asked names the first name too: a card's number is the whole family's, and
// among a million a couple has one birthday.
func asked(m bulk.Person) coverage.Query {
	return coverage.Query{Key: member.Key{Number: m.Number, Birth: m.Birth, First: m.First}, Purpose: access.Treatment}
}

func wanted(a portal.Answer, status int) error {
	if a.Status != status {
		return fmt.Errorf("answered %d: %s", a.Status, a.Text())
	}
	return nil
}

func bareLook(who access.Actor, number string) func(tx *db.Tx) error {
	return func(tx *db.Tx) error {
		var m, first, last, birth string
		err := tx.Row("select id, first, last, birth from member where number_folded = $1", number).Scan(&m, &first, &last, &birth)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`insert into disclosure (id, member, subject, fields, purpose, outcome, key_kind, person, username, name, org, org_name, session, door, address, at_us)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
			string(id.New[id.Disclosure](tx.Now)), m, "member", "name, birth date", "TREATMENT", "shown", "member id", string(who.Person), who.Username, who.Name, string(who.Org),
			who.OrgName, "", "web", "127.0.0.1", db.Micros(tx.Now))
		return err
	}
}

// benchLedger reads the ledger as a privacy officer does, beside a bare read of
// one row by its key.
func (p *plant) benchLedger(b *testing.B) {
	officer := access.Actor{Person: "pia", Name: "Pia Privacy", Side: access.Plan, Roles: []access.Role{access.PrivacyOfficer}, Door: access.DoorWeb}
	some := make([]id.Member, 1000)
	for i := range some {
		some[i] = id.Member(p.plan.Member(i * 7919 % p.plan.Members).ID)
	}
	member := func(i int) id.Member { return some[i%len(some)] }
	most := p.plan.Panel(0, 1)[0]
	reads := []struct {
		name string
		read func(tx *db.Tx, i int) ([]disclosure.Row, error)
	}{
		{"bare", func(tx *db.Tx, i int) ([]disclosure.Row, error) {
			var last string
			return make([]disclosure.Row, 1), tx.Row("select last from member where id = $1", string(member(i))).Scan(&last)
		}},
		{"member-newest", func(tx *db.Tx, i int) ([]disclosure.Row, error) {
			return disclosure.OfMember(tx, officer, member(i), 50)
		}},
		{"member-years", func(tx *db.Tx, i int) ([]disclosure.Row, error) {
			return disclosure.OfMember(tx, officer, member(i), 1000)
		}},
		{"member-most", func(tx *db.Tx, _ int) ([]disclosure.Row, error) {
			return p.years(tx, officer, id.Member(most.ID))
		}},
		{"person", func(tx *db.Tx, i int) ([]disclosure.Row, error) {
			person, _ := p.plan.PersonID(i % 1000)
			return disclosure.OfPerson(tx, officer, id.Person(person), 50)
		}},
		{"organization", func(tx *db.Tx, i int) ([]disclosure.Row, error) {
			_, org := p.plan.PersonID(i % 1000)
			return disclosure.OfOrganization(tx, officer, id.Organization(p.plan.OrgID(org)), 50)
		}},
		{"organization-day", func(tx *db.Tx, i int) ([]disclosure.Row, error) {
			_, org := p.plan.PersonID(i % 1000)
			day := dbtest.Start.AddDate(0, 0, -7*(i%300+1)).Truncate(24 * time.Hour) // a Monday
			page, err := disclosure.Search(tx, officer, disclosure.Filter{Org: id.Organization(p.plan.OrgID(org)), From: day, Until: day.AddDate(0, 0, 1)})
			return page.Rows, err
		}},
	}
	for _, r := range reads {
		b.Run(r.name, func(b *testing.B) {
			var lines atomic.Int64
			p.callers(b, func(i int) error {
				return p.DB.View(ctx(), func(tx *db.Tx) error {
					rows, err := r.read(tx, i)
					lines.Add(int64(len(rows)))
					return err
				})
			})
			b.ReportMetric(float64(lines.Load())/float64(b.N), "lines")
		})
	}
}

// years gives every line about a member in six years, as an accounting reads them.
func (p *plant) years(tx *db.Tx, officer access.Actor, m id.Member) (rows []disclosure.Row, err error) {
	now := p.Clock.Now()
	err = disclosure.Walk(tx, officer, m, now.AddDate(-6, 0, 0), now, func(r disclosure.Row) error {
		rows = append(rows, r)
		return nil
	})
	return rows, err
}

// callersAtOnce is how many ask at the same time.
const callersAtOnce = 8

// callers runs fn b.N times from eight goroutines, and reports how long one
// took and how much work of processors, of this process (with the client where
// there is one) and of the database's.
func (p *plant) callers(b *testing.B, fn func(i int) error) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, callersAtOnce)
	took := make([]time.Duration, b.N)
	self, base := p.meter.read()
	b.ResetTimer()
	for range callersAtOnce {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				p.Clock.Advance(time.Millisecond)
				begin := time.Now()
				err := fn(i)
				took[i] = time.Since(begin)
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	selfAfter, baseAfter := p.meter.read()
	close(errs)
	for err := range errs {
		b.Fatal(err)
	}
	slices.Sort(took)
	millis := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "per-s")
	b.ReportMetric(millis(took[len(took)/2]), "p50-ms")
	b.ReportMetric(millis(took[len(took)*99/100]), "p99-ms")
	b.ReportMetric(millis(selfAfter-self)/float64(b.N), "self-cpu-ms")
	b.ReportMetric(millis(baseAfter-base)/float64(b.N), "base-cpu-ms")
}
