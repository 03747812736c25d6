-- +goose Up
-- claim: the organization in whose list a practitioner stands today is a party
-- to a claim only when the bill is its own: by it, by its tax number, or by the
-- practitioner's own NPI. Before, it was one whoever had billed. Who is no
-- party any more loses the tie to the member too, if no other claim gives it.
delete from claim_party where org <> (select q.billing_org from claim q where q.id = claim_party.claim) and not exists (
  select 1 from claim q join organization o on o.id = claim_party.org left join organization b on b.id = q.billing_org
  where q.id = claim_party.claim and (o.tin <> '' and (q.billing_tin = o.tin or b.tin = o.tin)
    or q.billing_org = '' and q.billing_tin = '' and exists (select 1 from practitioner d where d.npi = q.billing_npi and d.org = o.id)));
update claim set rendering_org = '' where rendering_org <> '' and rendering_org <> billing_org
  and not exists (select 1 from claim_party q where q.claim = claim.id and q.org = claim.rendering_org);
delete from member_tie where kind = 'claim' and not exists (select 1 from claim_party q where q.org = member_tie.org and q.member = member_tie.member);
