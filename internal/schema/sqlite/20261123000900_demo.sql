-- +goose Up
-- demo_state: whether a made-up plan is kept here, and whether it is whole:
-- built_us is 0 from the first step of building it to the last.
create table demo_state (
  name text not null primary key,
  seed text not null,
  began_us integer not null,
  built_us integer not null
) strict;
