-- +goose Up
-- member: whose information is given to nobody without an open glass. until_us
-- is 0 for a restriction that stands until it is lifted.
create table member_restricted (
  member text not null primary key,
  kind text not null,
  reason text not null,
  since_us integer not null,
  until_us integer not null,
  person text not null,
  name text not null
) strict;

-- What was done about a member's restriction.
create table member_restriction (
  id text not null primary key,
  member text not null,
  what text not null,
  kind text not null,
  reason text not null,
  until_us integer not null,
  person text not null,
  name text not null,
  at_us integer not null
) strict;
create index member_restriction_member on member_restriction (member, at_us);

-- Where a member wants to be written to and called instead (45 CFR 164.522(b)).
create table member_confidential (
  member text not null primary key,
  street text not null,
  city text not null,
  state text not null,
  zip text not null,
  phone text not null,
  since_us integer not null,
  person text not null,
  name text not null
) strict;

-- Each address as it was set, and that it was taken back.
create table member_confidence (
  id text not null primary key,
  member text not null,
  what text not null,
  street text not null,
  city text not null,
  state text not null,
  zip text not null,
  phone text not null,
  reason text not null,
  person text not null,
  name text not null,
  at_us integer not null
) strict;
create index member_confidence_member on member_confidence (member, at_us);
-- +goose StatementBegin
create trigger member_restriction_no_update before update on member_restriction begin select raise(abort, 'member_restriction is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger member_restriction_no_delete before delete on member_restriction begin select raise(abort, 'member_restriction is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger member_confidence_no_update before update on member_confidence begin select raise(abort, 'member_confidence is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger member_confidence_no_delete before delete on member_confidence begin select raise(abort, 'member_confidence is append-only'); end;
-- +goose StatementEnd
