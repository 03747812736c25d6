-- +goose Up
-- coverage: plans with their copays, who is covered by which plan on which
-- days, each member's primary care provider, and the files that were loaded.
-- What is known of a span is never changed in place: a newer statement closes
-- the row (closed_us) and adds another, so that it can be told what was known
-- on the day of a decision. An open end is 9999-12-31.
create table coverage_plan (
  code text not null primary key,
  name text not null,
  contract text not null,
  changed_us bigint not null
);

create table coverage_copay (
  plan text not null,
  no bigint not null,
  service text not null,
  wording text not null,
  cents bigint not null,
  share bigint not null,
  primary key (plan, no)
);

create table coverage_span (
  id text not null primary key,
  member text not null,
  line text not null,
  plan text not null,
  grp text not null,
  from_on text not null,
  to_on text not null,
  known_us bigint not null,
  closed_us bigint not null,
  import text not null
);
create index coverage_span_member on coverage_span (member, line, closed_us, from_on);

create table coverage_pcp (
  member text not null primary key,
  npi text not null,
  known_us bigint not null
);

create table coverage_import (
  id text not null primary key,
  digest text not null unique,
  name text not null,
  row_count bigint not null,
  added bigint not null,
  changed bigint not null,
  ended bigint not null,
  person text not null,
  at_us bigint not null
);
