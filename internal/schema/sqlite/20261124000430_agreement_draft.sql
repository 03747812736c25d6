-- +goose Up
-- agreement: the next text while it is being written, one for the whole plan.
-- effective is empty for the day it is published; version tells two editors
-- apart.
create table agreement_draft (
  one integer not null primary key check (one = 1),
  version integer not null,
  title text not null,
  markdown text not null,
  effective text not null,
  person text not null,
  name text not null,
  at_us integer not null
) strict;
