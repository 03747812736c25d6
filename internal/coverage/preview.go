package coverage

import (
	"context"
	"slices"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/member"
	"hsconnect/internal/minimum"
)

// Preview is what somebody of a role would see of a member for a purpose, in
// the eyes of somebody who may see less: facts that Role names and Sheet.Fields
// does not are shown to the role and not to her.
type Preview struct {
	Sheet Sheet
	Role  []access.Field // what the role may be shown
}

// previewed are the facts that a preview tells of a real member. That the role
// is shown the others is all that it says of them.
func previewed() []access.Field {
	return []access.Field{
		access.FieldName, access.FieldBirth, access.FieldMemberID, access.FieldGender, access.FieldAddress, access.FieldPhone, access.FieldLanguage,
		access.FieldPlan, access.FieldCoverage, access.FieldPCP,
	}
}

// Preview gives, to somebody who may change which facts a role sees, what a
// role would see of the member with a member ID and a birth date today. It is
// a look of her own, for operations, at facts that both may see; where she
// may see none, it is Forbidden, and NotFound is written down.
func (s *Service) Preview(ctx context.Context, who access.Actor, role access.Role, purpose access.Purpose, k member.Key) (Preview, error) {
	err := who.May(access.ManageFields)
	if err != nil {
		return Preview{}, err
	}
	var out Preview
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		var err error
		out.Role, err = minimum.FieldsOf(tx, purpose, role)
		if err != nil {
			return err
		}
		own, err := minimum.Fields(tx, who, access.Operations)
		if err != nil {
			return err
		}
		both := slices.DeleteFunc(own, func(f access.Field) bool { return !slices.Contains(out.Role, f) || !slices.Contains(previewed(), f) })
		if len(both) == 0 {
			return fault.New(fault.Forbidden, "Your own role sees no member information, so it cannot be shown with a real member. Leave the member out: a made-up one shows the same")
		}
		ref, err := member.FullKey(tx, k)
		if err != nil {
			return err
		}
		a := asked{on: civil.Of(tx.Now, s.Zone), shows: both}
		m, err := member.GetChosen(tx, who, access.Operations, "preview", ref, a.choose, both...)
		if err != nil {
			return err
		}
		out.Sheet, err = s.sheet(tx, who, access.Operations, m, &a)
		return err
	})
	if !fault.Is(err, fault.NotFound) {
		return out, err
	}
	lost := s.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := disclosure.Write(tx, who, disclosure.Look{Subject: "preview", Purpose: access.Operations, Outcome: disclosure.NotFound, Key: k.Kind()})
		return err
	})
	if lost != nil {
		return Preview{}, lost
	}
	return Preview{}, err
}
