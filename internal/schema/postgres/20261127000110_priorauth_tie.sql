-- +goose Up
-- priorauth: an organization that has sent a request for a member may go on
-- seeing the member.
insert into member_tie (org, member, kind, since_us, until_us, person)
  select org, member, 'request', min(received_us), 0, min(person) from request where true group by org, member
  on conflict (org, member, kind) do nothing;
