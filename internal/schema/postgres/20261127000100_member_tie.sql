-- +goose Up
-- member: why an organization may see a member, and until when (0: for good).
-- What was a look-up before becomes the statement that the member is being
-- seen, which runs out.
create table member_tie (
  org text not null,
  member text not null,
  kind text not null,
  since_us bigint not null,
  until_us bigint not null,
  person text not null,
  primary key (org, member, kind)
);
create index member_tie_member on member_tie (member, kind);
insert into member_tie (org, member, kind, since_us, until_us, person)
  select org, member, 'visit', since_us, since_us + 2592000000000, person from member_relation;
