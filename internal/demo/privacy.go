package demo

import (
	"context"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/member"
	"hsconnect/internal/privacy"
)

// named names a member as the privacy officer types it.
func (m *insured) named() member.Key { return member.Key{Number: m.number, Birth: m.birth} }

// asks is what a member asks for, so many days before today.
type asks struct {
	days int
	of   *insured
	kind privacy.Kind
	text string
	by   string
	safe bool // the usual way would endanger her
	then []followUp
}

// followUp is a step that follows, so many days before today.
type followUp struct {
	days int
	do   func(ctx context.Context, who access.Actor, c privacy.ID) error
}

// rights are what members ask for under the privacy rule, what was disclosed
// outside the portal, and the weekly reviews.
func (h *hand) rights() []event {
	officers := h.w.with(access.PrivacyOfficer)
	if len(officers) == 0 || len(h.sentBefore(32)) == 0 || len(h.sentBefore(9)) == len(h.sentBefore(32)) {
		return nil
	}
	officer := officers[0]
	var out []event
	at := func(days, hour int) time.Time {
		return h.w.today.AddDays(-days).In(h.w.zone).Add(time.Duration(hour)*time.Hour + 20*time.Minute)
	}
	for i, o := range h.outside() {
		out = append(out, event{at: at(40-i, 11), do: func(ctx context.Context) error { return o(ctx, h.actor(officer)) }})
	}
	for i, a := range h.asked() {
		var ref privacy.ID
		out = append(out, event{at: at(a.days, 9+i), do: func(ctx context.Context) error {
			c, err := h.Privacy.Begin(ctx, h.actor(officer), privacy.NewCase{Key: a.of.named(), Kind: a.kind, Asked: a.text, Channel: a.by, Endangered: a.safe})
			ref = c.ID
			return err
		}})
		for _, then := range a.then {
			out = append(out, event{at: at(then.days, 14+i), do: func(ctx context.Context) error { return then.do(ctx, h.actor(officer), ref) }})
		}
	}
	return append(out, h.signOffs(officer)...)
}

func (h *hand) asked() []asks {
	early := h.sentBefore(32)
	first, second := early[0], h.sentBefore(9)[len(early)]
	reply := func(days int, o privacy.Outcome, text string) followUp {
		return followUp{days, func(ctx context.Context, who access.Actor, ref privacy.ID) error {
			return h.Privacy.Answer(ctx, who, ref, 0, o, text)
		}}
	}
	name := func(days int, s *story) followUp {
		return followUp{days, func(ctx context.Context, who access.Actor, ref privacy.ID) error {
			return h.Privacy.Link(ctx, who, ref, 0, s.run.number, "")
		}}
	}
	return []asks{
		{days: 33, of: h.w.members[3], kind: privacy.Access, text: "A copy of everything about my request for a wheelchair, on paper.", by: "letter"},
		{days: 4, of: h.w.cases[0].member, kind: privacy.Accounting, text: "Please tell me whom you have given my information to in the last six years.", by: "letter"},
		{days: 30, of: first.member, kind: privacy.Amendment, text: "The request says that I smoke. I stopped in 1998.", by: "letter", then: []followUp{
			name(28, first), reply(20, privacy.Denied, "The note tells what the office wrote; it is accurate as its statement. You may send us a statement of disagreement."),
			{12, func(ctx context.Context, who access.Actor, ref privacy.ID) error {
				return h.Privacy.Disagree(ctx, who, ref, 0, "I have not smoked since 1998, and my doctor knows it.")
			}},
		}},
		{days: 8, of: second.member, kind: privacy.Amendment, text: "My first name is misspelled in the notes of the request.", by: "telephone", then: []followUp{name(6, second)}},
		{days: 2, of: h.w.members[7], kind: privacy.Confidential, text: "Please write to my sister's address only.", by: "telephone", safe: true},
		{days: 26, of: h.w.members[9], kind: privacy.Restriction, text: "Do not tell my brother anything.", by: "in person", then: []followUp{reply(24, privacy.Agreed, "Agreed: nothing is told to the member's brother. The member was told by letter."),
			{23, func(ctx context.Context, who access.Actor, ref privacy.ID) error {
				return h.Privacy.PutIntoEffect(ctx, who, ref, 0, privacy.Effect{Reason: "A note at the telephone desk: nobody but the member is told anything"})
			}}}},
	}
}

// sentBefore gives the requests that were sent at least so many days ago.
func (h *hand) sentBefore(days int) []*story {
	var out []*story
	for _, s := range h.w.cases {
		if s.received.Before(h.w.now.AddDate(0, 0, -days)) {
			out = append(out, s)
		}
	}
	return out
}

func (h *hand) outside() []func(ctx context.Context, who access.Actor) error {
	m := h.w.cases[0].member
	on := func(back int) civil.Date { return h.w.today.AddDays(-back) }
	write := func(o disclosure.Outside, then func(ctx context.Context, who access.Actor, ref disclosure.OutsideID) error) func(context.Context, access.Actor) error {
		return func(ctx context.Context, who access.Actor) error {
			kept, err := h.Privacy.RecordOutside(ctx, who, m.named(), o)
			if err != nil || then == nil {
				return err
			}
			return then(ctx, who, kept.ID)
		}
	}
	return []func(context.Context, access.Actor) error{
		write(disclosure.Outside{Basis: disclosure.PublicHealth, Recipient: "Ohio Department of Health (made up)", Address: "12 Capitol Row, Riverside, OH 00028",
			Description: "Name, birth date and date of a positive test", Purpose: "A report that state law asks for", On: on(310)}, nil),
		write(disclosure.Outside{Basis: disclosure.Breach, Recipient: "Lakeside Family Medicine", Address: "", Description: "A letter about one request, sent to the wrong office by fax",
			Purpose: "None: it was a mistake. The office destroyed the letter and said so in writing", On: on(120)}, nil),
		write(disclosure.Outside{Basis: disclosure.Authorized, Recipient: "Almanac Life Insurance (made up)", Description: "Claims of two years", Purpose: "The member's own signed authorization", On: on(90)}, nil),
		write(disclosure.Outside{Basis: disclosure.LawEnforcement, Recipient: "County prosecutor's office (made up)", Address: "1 Court Square, Riverside, OH 00028",
			Description: "Dates of service of one provider", Purpose: "A grand jury subpoena", On: on(41)},
			func(ctx context.Context, who access.Actor, ref disclosure.OutsideID) error {
				return h.Privacy.SuspendOutside(ctx, who, disclosure.Suspension{Outside: ref, Form: disclosure.Written, Official: "County prosecutor's office (made up)",
					Statement: "Telling the member would impede the inquiry into the provider.", Since: on(41), Until: h.w.today.AddDays(45)})
			}),
	}
}

// signOffs are the weekly reviews until the last one, which waits for whoever
// opens the desk.
func (h *hand) signOffs(officer *person) []event {
	var out []event
	first := civil.Of(h.w.start, h.w.zone)
	monday := first.AddDays(-(int(first.Weekday()) + 6) % 7)
	for next := monday.AddDays(7); next.AddDays(7).Before(h.w.today); next = next.AddDays(7) {
		out = append(out, event{at: next.In(h.w.zone).Add(16 * time.Hour), do: func(ctx context.Context) error {
			d, err := h.Privacy.Desk(ctx, h.actor(officer))
			if err != nil || d.Week == nil {
				return err
			}
			return h.Privacy.SignOff(ctx, h.actor(officer), d.Week.Monday, "Looked through the list; what is left is in time.")
		}})
	}
	return out
}
