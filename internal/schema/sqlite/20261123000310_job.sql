-- +goose Up
-- job: work to be done, done at least once. due_us is the moment from which a
-- worker may take the row: its run time while it waits (no holder), the end of
-- the lease while it runs.
create table job (
  id text not null primary key,
  kind text not null,
  key text not null,
  payload blob not null,
  asked_by text not null,
  tries integer not null,
  max_tries integer not null,
  due_us integer not null,
  holder text not null,
  reason text not null,
  at_us integer not null
) strict;
create index job_due on job (due_us, id);
create unique index job_key on job (kind, key) where key <> '' and holder = '';

-- what was given up, with the reason, until somebody asks for it again
create table job_dead (
  id text not null primary key,
  kind text not null,
  key text not null,
  payload blob not null,
  asked_by text not null,
  tries integer not null,
  max_tries integer not null,
  reason text not null,
  at_us integer not null,
  died_us integer not null
) strict;
create index job_dead_died on job_dead (died_us, id);

create table job_schedule (
  kind text not null primary key,
  next_us integer not null
) strict;
