package claim

import (
	"context"
	"database/sql"
	"slices"
	"strconv"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/codeset"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/provider"
	"hsconnect/internal/sensitive"
)

// Get gives one claim with everything the reader may see, and writes down that
// it was shown. A claim that is not about the actor's organization, one of a
// provider out of reach, and one that does not exist are the same NotFound.
func (s *Service) Get(ctx context.Context, who access.Actor, claim ID) (View, error) {
	var v View
	err := s.looked(ctx, who, finding{missed: disclosure.Look{Subject: "claim", Outcome: disclosure.Refused}, find: func(tx *db.Tx) error {
		var err error
		v, err = GetIn(tx, who, access.Payment, claim)
		return err
	}})
	return v, err
}

// GetIn is Get inside a transaction of the caller's, who writes down what was
// not found.
func GetIn(tx *db.Tx, who access.Actor, purpose access.Purpose, claim ID) (View, error) {
	fields, err := facts(tx, who, purpose, access.FieldRequests)
	if err != nil {
		return View{}, err
	}
	found, err := db.Collect(scanKept)(tx.Rows("select "+keptColumns+" from claim c join claim_party p on p.claim = c.id where p.org = $1 and c.id = $2 and c.to_on >= $3",
		string(who.Org), string(claim), text(shownFrom(tx.Now))))
	if err != nil {
		return View{}, err
	}
	if len(found) == 0 || !who.Reaches(found[0].renderingNPI) && !who.Reaches(found[0].billingNPI) {
		return View{}, errNone
	}
	k := found[0]
	hide, err := withheld(tx, who.Org, k.suspect())
	if err != nil {
		return View{}, err
	}
	if hide[k.id] {
		return View{}, errNone
	}
	v := View{
		Summary:  Summary{ID: k.id, Number: k.number, OfficeNumber: k.officeNumber, From: k.from, To: k.to, Status: k.status, AsOf: k.frontOn, renderingNPI: k.renderingNPI, member: k.member},
		Received: k.received, DetailOn: k.detailOn, Authorized: k.authorized, Diagnoses: k.diagnoses, LookedAt: tx.Now,
	}
	err = v.fill(tx, k)
	if err != nil {
		return View{}, err
	}
	v.only(fields)
	v.Member, err = member.Get(tx, who, purpose, subject(k.id), k.member, v.Fields...)
	if fault.Is(err, fault.NotFound) {
		return View{}, member.RefusedAs(err, errNone)
	}
	if err != nil {
		return View{}, err
	}
	v.Disclosure = v.Member.Shown
	return v, nil
}

// only takes out what is not among the fields, and keeps of these the ones of
// which there is something: the ledger says that they are shown.
func (v *View) only(fields []access.Field) {
	if !slices.Contains(fields, access.FieldAmounts) {
		v.hideAmounts()
	}
	if !slices.Contains(fields, access.FieldRequests) {
		v.Authorized = ""
	}
	if !v.HasAmounts && (v.Payment == nil || !v.Payment.CentsKnown) {
		fields = without(fields, access.FieldAmounts)
	}
	if v.Authorized == "" {
		fields = without(fields, access.FieldRequests)
	}
	v.Fields = fields
}

// fill reads what belongs to a claim.
func (v *View) fill(tx *db.Tx, k *kept) error {
	err := v.statements(tx, k)
	if err != nil {
		return err
	}
	if k.detail != "" {
		v.Lines, v.Adjustments, err = linesOf(tx, k.detail)
		if err != nil {
			return err
		}
	}
	err = v.pay(tx, k.payment)
	if err != nil {
		return err
	}
	err = v.parties(tx, k)
	if err != nil {
		return err
	}
	err = v.label(tx)
	if err != nil {
		return err
	}
	asks, into := v.asksFor(v.From)
	answers, err := codeset.Judge(tx, asks)
	if err != nil {
		return err
	}
	for i, a := range answers {
		*into[i] = a.Display
	}
	return nil
}

// statements reads the history, and from it what the statements in front say.
func (v *View) statements(tx *db.Tx, k *kept) error {
	type past struct {
		Past
		Amounts

		id, codes, remarks string
		amounts            bool
	}
	found, err := db.Collect(func(r *sql.Rows) (past, error) {
		var p past
		var asOf string
		var known, amounts, allowed int64
		err := r.Scan(&p.id, &p.Source, &p.Status, &asOf, &known, &p.codes, &p.remarks, &amounts, &p.Charge, &p.Paid, &p.Owed, &p.Allowed, &allowed)
		if err != nil {
			return p, err
		}
		p.KnownAt, p.amounts, p.AllowedKnown, p.Front = db.Time(known), amounts == 1, allowed == 1, p.id == k.front
		p.AsOf, err = day(asOf)
		return p, err
	})(tx.Rows(`select id, source, status, as_of, known_us, codes, remarks, amounts, charge, paid, owed, allowed, allowed_known
		from claim_statement where claim = $1 order by as_of desc, known_us desc, no desc limit `+strconv.Itoa(mostHistory), string(k.id)))
	if err != nil {
		return err
	}
	for _, p := range found {
		v.History = append(v.History, p.Past)
		if p.Front {
			v.States = splitStates(p.codes)
			v.Remarks = remarksOf(p.remarks)
		}
		if p.id == k.detail && p.amounts {
			v.Summary.Amounts, v.HasAmounts = p.Amounts, true
		}
	}
	return nil
}

func (v *View) pay(tx *db.Tx, payment string) error {
	if payment == "" {
		return nil
	}
	var p Payment
	var on string
	var known int64
	err := tx.Row("select id, method, trace, paid_on, cents, cents_known, payer, payee_npi, payee_tin from claim_payment where id = $1", payment).
		Scan(&p.ID, &p.Method, &p.Trace, &on, &p.Cents, &known, &p.Payer, &p.PayeeNPI, &p.PayeeTIN)
	if err != nil {
		return err
	}
	p.CentsKnown = known == 1
	p.On, err = day(on)
	v.Payment = &p
	return err
}

func (v *View) parties(tx *db.Tx, k *kept) error {
	var npis []code.NPI
	for _, npi := range []string{k.billingNPI, k.renderingNPI} {
		if npi != "" && !slices.Contains(npis, code.NPI(npi)) {
			npis = append(npis, code.NPI(npi))
		}
	}
	found, err := provider.FindAll(tx, npis...)
	if err != nil {
		return err
	}
	v.Billing, v.Servicing = provider.Party{NPI: code.NPI(k.billingNPI)}, provider.Party{NPI: code.NPI(k.renderingNPI)}
	if p, ok := found[v.Billing.NPI]; ok {
		v.Billing = p
	}
	if p, ok := found[v.Servicing.NPI]; ok {
		v.Servicing = p
	}
	if v.Billing.NPI == "" && k.billingOrg != "" {
		o, err := provider.OrganizationOf(tx, k.billingOrg)
		if err != nil {
			return err
		}
		v.Billing = provider.Party{NPI: o.NPI, Name: o.Name, Kind: string(o.Kind), Org: o.ID, OrgName: o.Name}
	}
	v.Rendering = v.Servicing.Name
	return nil
}

// label tells which protected categories the claim belongs to, by its codes
// and by the plan's own labels.
func (v *View) label(tx *db.Tx) error {
	byCode, err := sensitive.Of(tx, sensitiveCodes(v.Diagnoses, v.Lines))
	if err != nil {
		return err
	}
	set, err := sensitive.Labels(tx, subject(v.ID))
	if err != nil {
		return err
	}
	v.Labels = sensitive.Join(byCode, set)
	v.Notice = sensitive.Notice(v.Labels)
	return nil
}

// hideAmounts takes every amount out.
func (v *View) hideAmounts() {
	v.HasAmounts, v.Summary.Amounts = false, Amounts{}
	bare := func(list []Adjustment) {
		for i := range list {
			list[i].Cents = 0
		}
	}
	bare(v.Adjustments)
	for i := range v.Lines {
		v.Lines[i].Amounts = Amounts{}
		bare(v.Lines[i].Adjustments)
	}
	if v.Payment != nil {
		v.Payment.Cents, v.Payment.CentsKnown = 0, false
	}
}

// Tie is Tied as the look-up of members asks for reasons: a member.TieFinder.
func Tie(tx *db.Tx, org id.Organization, m id.Member) (member.Tie, bool, error) {
	tied, err := Tied(tx, org, m)
	return member.TieClaim, tied, err
}
