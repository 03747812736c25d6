-- +goose Up
-- member: whose information is given to nobody without an open glass. until_us
-- is 0 for a restriction that stands until it is lifted.
create table member_restricted (
  member text not null primary key,
  kind text not null,
  reason text not null,
  since_us bigint not null,
  until_us bigint not null,
  person text not null,
  name text not null
);

-- What was done about a member's restriction.
create table member_restriction (
  id text not null primary key,
  member text not null,
  what text not null,
  kind text not null,
  reason text not null,
  until_us bigint not null,
  person text not null,
  name text not null,
  at_us bigint not null
);
create index member_restriction_member on member_restriction (member, at_us);

-- Where a member wants to be written to and called instead (45 CFR 164.522(b)).
create table member_confidential (
  member text not null primary key,
  street text not null,
  city text not null,
  state text not null,
  zip text not null,
  phone text not null,
  since_us bigint not null,
  person text not null,
  name text not null
);

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
  at_us bigint not null
);
create index member_confidence_member on member_confidence (member, at_us);
-- +goose StatementBegin
create function member_held_refuse() returns trigger as $$ begin raise exception '% is append-only', tg_table_name; end $$ language plpgsql;
-- +goose StatementEnd
create trigger member_restriction_append_only before update or delete or truncate on member_restriction for each statement execute function member_held_refuse();
create trigger member_confidence_append_only before update or delete or truncate on member_confidence for each statement execute function member_held_refuse();
