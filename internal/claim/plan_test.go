package claim_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"hsconnect/internal/claim"
	"hsconnect/internal/db"
	"hsconnect/internal/portaltest/portal"
)

// many puts claims of one organization into the tables, of which it is
// enough that the engine sees their size.
const many = `with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) `

// A search by number goes by its indexes, however many claims the office has.
func TestASearchByNumberGoesByItsIndexes(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		ref := "substr('00000000000000000000000000' || i, -26)"
		if p.DB.Engine() == db.Postgres {
			ref = "lpad(i::text, 26, '0')"
		}
		err := p.DB.Update(t.Context(), func(tx *db.Tx) error {
			for _, query := range []string{
				many + `insert into claim_party (org, claim, member, from_on, office_folded) select '` + string(p.Office.ID) + `', ` + ref + `, 'm', '2026-11-01', 'own' || i from n`,
				many + `insert into claim (id, number, number_folded, office_number, member, billing_org, billing_npi, billing_tin, rendering_org, rendering_npi, from_on, to_on, received_on, authorized,
					diagnoses, status, front, front_on, detail, detail_on, detail_source, payment, changed_us)
					select ` + ref + `, 'n' || i, 'N' || i, '', 'm', '` + string(p.Office.ID) + `', '', '', '', '', '2026-11-01', '2026-11-01', '', '', '', 'paid', '', '2026-11-02', '', '', '', '', 0 from n`,
				"analyze",
			} {
				if p.DB.Engine() == db.SQLite {
					query = strings.Replace(query, many+"insert", "insert", 1)
					query = strings.Replace(query, "select", many+"select", 1)
				}
				_, err := tx.Exec(query) //nolint:dialect // made for each engine
				if err != nil {
					return fmt.Errorf("%.60s: %w", query, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		queries, err := claim.NumberQueries(p.Office.ID, "own17")
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range queries {
			text := planOf(t, p.DB, q)
			by := q.By[0]
			if p.DB.Engine() == db.Postgres {
				by = q.By[1]
			}
			if !strings.Contains(text, by) || strings.Contains(text, "claim_party_day") {
				t.Errorf("not by %s:\n%s", by, text)
			}
		}
	})
}

func planOf(t *testing.T, d *db.DB, q claim.Query) string {
	t.Helper()
	var plan []string
	err := d.View(t.Context(), func(tx *db.Tx) error {
		var err error
		if d.Engine() == db.Postgres {
			plan, err = db.Collect(func(r *sql.Rows) (line string, err error) { err = r.Scan(&line); return line, err })(tx.Rows("explain "+q.Text, q.Args...))
			return err
		}
		plan, err = db.Collect(func(r *sql.Rows) (line string, err error) {
			var a, b, c int64
			err = r.Scan(&a, &b, &c, &line)
			return line, err
		})(tx.Rows("explain query plan "+q.Text, q.Args...))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(plan, "\n")
}
