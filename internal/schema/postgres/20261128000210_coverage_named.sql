-- +goose Up
-- coverage: the members whom a file names, by the run that compares it, so that
-- two runs over one file are in nobody's way. ident is how the row named the
-- member, segment and place where it stands. Nothing of it outlives its run.
drop table coverage_named;
create table coverage_named (
  run text not null,
  member text not null,
  key text not null,
  ident bigint not null,
  segment bigint not null,
  place bigint not null,
  primary key (run, member)
);
alter table coverage_named set unlogged;
