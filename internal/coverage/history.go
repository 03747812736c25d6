package coverage

import (
	"database/sql"
	"slices"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// Belief is what was known of a day's coverage from one moment on.
type Belief struct {
	At      time.Time // when it came to be known
	Covered bool
	Plan    string // its name
	From    civil.Date
	To      civil.Date // zero: open
	// Retroactive says that it differs from what had been known of the day
	// before, and that the day was past or present by then.
	Retroactive bool
}

// statement is a span with the time until which it was believed.
type knownSpan struct {
	Span

	closedAt time.Time // zero: it still is
}

const mostKnown = 1000 // rows of one member

// medicalKnown gives every medical span that was ever believed of a member.
func medicalKnown(tx *db.Tx, m id.Member) ([]knownSpan, error) {
	return db.Collect(func(r *sql.Rows) (knownSpan, error) {
		var k knownSpan
		var closed int64
		var err error
		k.Span, err = scanSpan(func(to ...any) error { return r.Scan(append(to, &closed)...) })
		if closed > 0 {
			k.closedAt = db.Time(closed)
		}
		return k, err
	})(tx.Rows("select "+spanColumns+`, closed_us from coverage_span
		where member = $1 and line = $2 and (closed_us = 0 or closed_us > known_us) order by known_us, id limit $3`, string(m), string(Medical), int64(mostKnown)))
}

func (k knownSpan) believedAt(t time.Time) bool {
	return !t.Before(k.KnownAt) && (k.closedAt.IsZero() || t.Before(k.closedAt))
}

func (s Span) holds(day civil.Date) bool { return !day.Before(s.From) && !after(day, s.To) }

// beliefs gives what was known of a day's coverage, oldest first. What was
// learned about the member before anything was known of the day is one entry
// that says not covered.
func beliefs(all []knownSpan, day civil.Date, zone *time.Location) []Belief {
	var moments []time.Time
	for _, k := range all {
		moments = append(moments, k.KnownAt)
		if !k.closedAt.IsZero() {
			moments = append(moments, k.closedAt)
		}
	}
	slices.SortFunc(moments, time.Time.Compare)
	moments = slices.CompactFunc(moments, time.Time.Equal)
	var out []Belief
	for _, at := range moments {
		now := Belief{At: at}
		for _, k := range all {
			if k.believedAt(at) && k.holds(day) {
				now.Covered, now.Plan, now.From, now.To = true, k.Plan, k.From, k.To
			}
		}
		if len(out) > 0 {
			was := out[len(out)-1]
			if was.Covered == now.Covered && was.Plan == now.Plan && was.From == now.From && was.To == now.To {
				continue
			}
			now.Retroactive = (was.Covered != now.Covered || was.Plan != now.Plan) && day.Before(civil.Of(at, zone))
		}
		out = append(out, now)
	}
	return out
}

// known fills in what was known of the sheet's day and when. Names of plans
// are put in the place of their codes, or taken out.
func (s *Sheet) known(tx *db.Tx, zone *time.Location, all []knownSpan) error {
	var err error
	if all == nil {
		all, err = medicalKnown(tx, s.Member.ID)
		if err != nil {
			return err
		}
	}
	plans := s.Shows(access.FieldPlan)
	s.Known = beliefs(all, s.On, zone)
	names := map[string]string{"": ""}
	for i := range s.Known {
		b := &s.Known[i]
		if !plans {
			b.Plan = ""
		}
		name, asked := names[b.Plan]
		if !asked {
			name, err = planName(tx, b.Plan)
			if err != nil {
				return err
			}
			names[b.Plan] = name
		}
		b.Plan = name
	}
	return nil
}

func planName(tx *db.Tx, code string) (string, error) {
	var name string
	err := tx.Row("select name from coverage_plan where code = $1", code).Scan(&name)
	if db.NoRows(err) {
		return code, nil
	}
	return name, err
}
