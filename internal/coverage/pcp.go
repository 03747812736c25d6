package coverage

import (
	"database/sql"
	"slices"

	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
	"hsconnect/internal/provider"
)

// PCP is who a member's primary care provider was, is or will be on a stretch
// of days, both included.
type PCP struct {
	provider.Party

	From civil.Date
	To   civil.Date // zero: open
}

// pcpSpan is a row of that history.
type pcpSpan struct {
	id       string
	member   id.Member
	npi      code.NPI
	from, to civil.Date
	known    int64
}

func scanPCP(r *sql.Rows) (pcpSpan, error) {
	var p pcpSpan
	var from, to string
	err := r.Scan(&p.id, &p.member, &p.npi, &from, &to, &p.known)
	if err != nil {
		return p, err
	}
	p.from, err = civil.Parse(from)
	if err != nil || to == open {
		return p, err
	}
	p.to, err = civil.Parse(to)
	return p, err
}

const pcpColumns = "id, member, npi, from_on, to_on, known_us"

func pcpSpansOf(tx *db.Tx, members []id.Member) (map[id.Member][]pcpSpan, error) {
	out := map[id.Member][]pcpSpan{}
	err := eachChunk(members, func(args []any) error {
		all, err := db.Collect(scanPCP)(tx.Rows("select "+pcpColumns+" from coverage_pcp_span where closed_us = 0 and member in ("+
			placeholders(0, len(args))+") order by from_on", args...))
		for _, p := range all {
			out[p.member] = append(out[p.member], p)
		}
		return err
	})
	return out, err
}

// since gives the first day of the provider that a row names: what the row
// says itself; for the first provider of a member the first day of the
// coverage; for a later one that of coverage that begins with it, or else the
// day on which the portal learns of the change.
func (o outcome) since(known []pcpSpan, today civil.Date) civil.Date {
	if !o.said.PCPFrom.IsZero() {
		return o.said.PCPFrom
	}
	var first, begins civil.Date
	for _, s := range o.said.Spans {
		if s.Line == Medical && s.Change != Void && !s.From.IsZero() && (first.IsZero() || s.From.Before(first)) {
			first = s.From
		}
	}
	for _, s := range o.spans.added {
		if s.Line == Medical && s.From.After(begins) {
			begins = s.From
		}
	}
	switch {
	case len(known) == 0 && !first.IsZero():
		return first
	case len(known) > 0 && begins.After(known[len(known)-1].from):
		return begins
	}
	return today
}

// layPCP lays a provider from a day on over what is known: whoever was before
// ends the day before, whoever was to come later does not.
func layPCP(known []pcpSpan, now pcpSpan) (added []pcpSpan, closed []string) {
	for _, p := range known {
		switch {
		case p.npi == now.npi && p.to.IsZero() && !p.from.After(now.from) && now.to.IsZero():
			if p.from == now.from {
				return nil, nil // nothing new
			}
			// The same provider, said to be so from a later day on: the longer
			// stretch stays.
			return nil, nil
		case !p.to.IsZero() && p.to.Before(now.from): // over before
		case p.from.Before(now.from):
			closed = append(closed, p.id)
			p.id, p.to = "", now.from.AddDays(-1)
			added = append(added, p)
		default:
			closed = append(closed, p.id)
		}
	}
	return append(added, now), closed
}

// writePCPs keeps the primary care providers that a batch names.
func (l *loader) writePCPs(tx *db.Tx, done []outcome) error {
	var first, current [][]any
	var members []id.Member
	for _, o := range done {
		row := []any{string(o.member.ID), string(o.pcp), db.Micros(tx.Now)}
		switch {
		case o.pcp == "":
		case o.isNew:
			first = append(first, row)
		default:
			current = append(current, row)
		}
		if o.said.PCP != "" && !o.isNew && (o.pcp != "" || !o.said.PCPFrom.IsZero()) {
			members = append(members, o.member.ID)
		}
	}
	known, err := pcpSpansOf(tx, members)
	if err != nil {
		return err
	}
	var rows [][]any
	var closed []string
	for _, o := range done {
		if o.said.PCP == "" || o.pcp == "" && o.said.PCPFrom.IsZero() {
			continue
		}
		was := known[o.member.ID]
		added, gone := layPCP(was, pcpSpan{member: o.member.ID, npi: code.NPI(o.said.PCP), from: o.since(was, l.today)})
		closed = append(closed, gone...)
		for _, p := range added {
			rows = append(rows, []any{string(id.New[id.Coverage](tx.Now)), string(o.member.ID), string(p.npi), p.from.String(), until(p.to), db.Micros(tx.Now), 0})
		}
	}
	err = eachChunk(closed, func(args []any) error {
		args = append([]any{db.Micros(tx.Now)}, args...)
		_, err := tx.Exec("update coverage_pcp_span set closed_us = $1 where id in ("+placeholders(1, len(args)-1)+")", args...)
		return err
	})
	if err != nil {
		return err
	}
	err = tx.Copy("coverage_pcp_span", []string{"id", "member", "npi", "from_on", "to_on", "known_us", "closed_us"}, rows)
	if err != nil {
		return err
	}
	err = tx.Copy("coverage_pcp", []string{"member", "npi", "known_us"}, first)
	if err != nil {
		return err
	}
	return inRows(tx, "insert into coverage_pcp (member, npi, known_us) values ",
		" on conflict (member) do update set npi = excluded.npi, known_us = excluded.known_us", current)
}

// pcpHistory gives a member's providers as they are known now, the newest
// first, each with nothing but the NPI when the plan's directory does not know
// it.
func pcpHistory(tx *db.Tx, m id.Member) ([]PCP, error) {
	known, err := pcpSpansOf(tx, []id.Member{m})
	if err != nil {
		return nil, err
	}
	npis := make([]code.NPI, 0, len(known[m]))
	for _, p := range known[m] {
		npis = append(npis, p.npi)
	}
	slices.Sort(npis)
	parties, err := provider.FindAll(tx, slices.Compact(npis)...)
	if err != nil {
		return nil, err
	}
	out := make([]PCP, 0, len(known[m]))
	for _, p := range known[m] {
		party, ok := parties[p.npi]
		if !ok {
			party = provider.Party{NPI: p.npi, Kind: "practitioner"}
		}
		out = append(out, PCP{Party: party, From: p.from, To: p.to})
	}
	slices.Reverse(out)
	return out, nil
}

// pcp fills in who the provider is on the day, and since when the day's
// provider works at the actor's organization.
func (s *Sheet) pcp(tx *db.Tx, org id.Organization) error {
	var err error
	s.PCPs, err = pcpHistory(tx, s.Member.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(s.PCPs, func(p PCP) bool { return !s.On.Before(p.From) && !after(s.On, p.To) })
	if i < 0 {
		return nil
	}
	s.PCP, s.PCPSince = s.PCPs[i].Party, s.PCPs[i].From
	for ; i < len(s.PCPs) && org != "" && s.PCPs[i].Org == org; i++ {
		if !s.Panel.IsZero() && s.PCPs[i].To.AddDays(1) != s.Panel {
			break
		}
		s.Panel = s.PCPs[i].From
	}
	return nil
}
