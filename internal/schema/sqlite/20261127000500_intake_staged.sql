-- +goose Up
-- intake: files on their way in. intake_file and intake_batch hold what was
-- read of a file and not applied yet; they are emptied when it is applied, or
-- after a week. intake_held is a file that waits for a second person, and
-- intake_decision what became of it.
create table intake_file (
  key text not null primary key,
  kind text not null,
  name text not null,
  digest text not null,
  row_count integer not null,
  batches integer not null,
  whole integer not null,
  person text not null,
  at_us integer not null,
  touched_us integer not null
) strict;
create index intake_file_touched on intake_file (touched_us);

create table intake_batch (
  key text not null,
  no integer not null,
  row_count integer not null,
  body blob not null,
  primary key (key, no)
) strict;

create table intake_held (
  id text not null primary key,
  kind text not null,
  name text not null,
  digest text not null,
  size integer not null,
  why text not null,
  counts text not null,
  settings text not null,
  blob text not null,
  person text not null,
  username text not null,
  by_name text not null,
  at_us integer not null
) strict;
create index intake_held_at on intake_held (at_us);

create table intake_decision (
  held text not null primary key references intake_held (id),
  state text not null,
  reason text not null,
  person text not null,
  by_name text not null,
  decided_us integer not null,
  settled_us integer not null,
  outcome text not null
) strict;
-- +goose StatementBegin
create trigger intake_held_no_update before update on intake_held begin select raise(abort, 'intake_held is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger intake_held_no_delete before delete on intake_held begin select raise(abort, 'intake_held is append-only'); end;
-- +goose StatementEnd
