package privacy

import (
	"context"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
)

const outsideSubject = "outside disclosures"

// RecordOutside writes down a disclosure that happened outside the portal, of
// the member that the key names.
func (s *Service) RecordOutside(ctx context.Context, who access.Actor, k member.Key, o disclosure.Outside) (out disclosure.Outside, err error) {
	err = who.May(access.ReviewPrivacy)
	if err != nil {
		return disclosure.Outside{}, err
	}
	err = s.look(ctx, who, outsideSubject, k.Kind(), func(tx *db.Tx) error {
		// Before the member is looked for: an answer to the form may not tell
		// that there is one.
		err := o.Check(s.today(tx))
		if err != nil {
			return err
		}
		m, err := member.Named(tx, who, outsideSubject, k)
		if err != nil {
			return err
		}
		o.Member = m.ID
		out, err = disclosure.WriteOutside(tx, who, o, s.today(tx))
		return err
	})
	return out, err
}

// Outside gives every disclosure of a member outside the portal, newest first,
// also those that no accounting shows, with the member's name.
func (s *Service) Outside(ctx context.Context, who access.Actor, ref id.Member) (m member.Member, all []disclosure.Outside, err error) {
	err = who.May(access.ReviewPrivacy)
	if err != nil {
		return member.Member{}, nil, err
	}
	err = s.look(ctx, who, outsideSubject, "", func(tx *db.Tx) error {
		m, err = member.ForRights(tx, who, outsideSubject, ref, access.FieldName, access.FieldBirth)
		if err != nil {
			return err
		}
		all, err = disclosure.OutsideOf(tx, who, ref, civil.Date{Y: 1900, M: time.January, D: 1}, s.today(tx))
		return err
	})
	return m, all, err
}

// WithdrawOutside notes that a line was written down by mistake.
func (s *Service) WithdrawOutside(ctx context.Context, who access.Actor, ref disclosure.OutsideID, reason string) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error { return disclosure.Withdraw(tx, who, ref, reason) })
}

// SuspendOutside leaves a line out of accountings on an agency's word, until
// its last day has ended.
func (s *Service) SuspendOutside(ctx context.Context, who access.Actor, sus disclosure.Suspension) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error { return disclosure.Suspend(tx, who, sus, s.Zone) })
}
