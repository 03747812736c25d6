-- +goose Up
-- intake: files on their way in. intake_file and intake_batch hold what was
-- read of a file and not applied yet; they are emptied when it is applied, or
-- after a week. intake_held is a file that waits for a second person, and
-- intake_decision what became of it. Batches are not logged: after a crash of
-- the server they are gone, and the file is read again.
create table intake_file (
  key text not null primary key,
  kind text not null,
  name text not null,
  digest text not null,
  row_count bigint not null,
  batches bigint not null,
  whole bigint not null,
  person text not null,
  at_us bigint not null,
  touched_us bigint not null
);
create index intake_file_touched on intake_file (touched_us);

create table intake_batch (
  key text not null,
  no bigint not null,
  row_count bigint not null,
  body bytea not null,
  primary key (key, no)
);

create table intake_held (
  id text not null primary key,
  kind text not null,
  name text not null,
  digest text not null,
  size bigint not null,
  why text not null,
  counts text not null,
  settings text not null,
  blob text not null,
  person text not null,
  username text not null,
  by_name text not null,
  at_us bigint not null
);
create index intake_held_at on intake_held (at_us);

create table intake_decision (
  held text not null primary key references intake_held (id),
  state text not null,
  reason text not null,
  person text not null,
  by_name text not null,
  decided_us bigint not null,
  settled_us bigint not null,
  outcome text not null
);
alter table intake_batch set unlogged;
alter table intake_batch alter column body set storage external;
-- +goose StatementBegin
create function intake_refuse() returns trigger as $$ begin raise exception 'intake_held is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger intake_held_append_only before update or delete or truncate on intake_held for each statement execute function intake_refuse();
