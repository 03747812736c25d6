-- +goose Up
-- db: leases, one row per piece of work that only one copy may do at a time.
create table lease (
  name text not null primary key,
  holder text not null,
  until_us integer not null
) strict;
