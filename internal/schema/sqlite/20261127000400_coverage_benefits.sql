-- +goose Up
-- coverage: what services cost and whether they need an authorization, what
-- was used of deductibles, other insurance, who was the primary care provider
-- when, and changes of days gone by with the offices that had looked before.
-- Rows with known_us and closed_us are closed, never overwritten; an open end
-- is 9999-12-31.
alter table coverage_copay add column code text not null default '';
alter table coverage_copay add column needed text not null default '';
alter table coverage_copay add column needed_note text not null default '';
alter table coverage_copay add column priced integer not null default 1;

create table coverage_limit (
  plan text not null,
  kind text not null,
  cents integer not null,
  primary key (plan, kind)
) strict;

create table coverage_spent (
  member text not null,
  plan text not null,
  year integer not null,
  kind text not null,
  cents integer not null,
  as_of text not null,
  known_us integer not null,
  primary key (member, plan, year, kind)
) strict;

create table coverage_other (
  id text not null primary key,
  member text not null,
  payer text not null,
  payer_folded text not null,
  kind text not null,
  pays text not null,
  from_on text not null,
  to_on text not null,
  known_us integer not null,
  closed_us integer not null
) strict;
create index coverage_other_member on coverage_other (member, closed_us);

create table coverage_pcp_span (
  id text not null primary key,
  member text not null,
  npi text not null,
  from_on text not null,
  to_on text not null,
  known_us integer not null,
  closed_us integer not null
) strict;
create index coverage_pcp_span_member on coverage_pcp_span (member, closed_us);
create index coverage_pcp_span_panel on coverage_pcp_span (npi, from_on) where closed_us = 0;
-- Of the providers known so far, nothing says since when: the first day of the
-- coverage that is known is the best guess.
insert into coverage_pcp_span (id, member, npi, from_on, to_on, known_us, closed_us)
  select p.member, p.member, p.npi,
    coalesce((select min(s.from_on) from coverage_span s where s.member = p.member and s.line = 'medical' and s.closed_us = 0), '1900-01-01'),
    '9999-12-31', p.known_us, 0
  from coverage_pcp p;

create table coverage_change (
  id text not null primary key,
  member text not null,
  what text not null,
  from_on text not null,
  to_on text not null,
  known_us integer not null,
  told_us integer not null
) strict;
create index coverage_change_untold on coverage_change (known_us, id) where told_us = 0;
create index coverage_change_member on coverage_change (member, known_us);

create table coverage_notice (
  org text not null,
  member text not null,
  known_us integer not null,
  what text not null,
  from_on text not null,
  to_on text not null,
  looked_us integer not null,
  mailed_us integer not null,
  seen_us integer not null,
  seen_by text not null,
  primary key (org, member, known_us)
) strict;
create index coverage_notice_unseen on coverage_notice (org, known_us) where seen_us = 0;
create index coverage_notice_mailed on coverage_notice (org, mailed_us);
