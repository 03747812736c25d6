-- +goose Up
-- coverage: what an applied file changed, as counts, and which members a full
-- file names while it is compared with what is known.
alter table coverage_import add column difference text not null default '';
alter table coverage_import add column by_name text not null default '';
create index coverage_import_at on coverage_import (at_us);

create table coverage_named (
  key text not null,
  member text not null,
  primary key (key, member)
) strict, without rowid;
