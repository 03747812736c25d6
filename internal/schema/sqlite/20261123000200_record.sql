-- +goose Up
-- record: the official record and the Merkle tree over it. Entries, their
-- places, tree nodes and checkpoints are never changed or removed; only the
-- queue of entries that wait for a place empties.
create table record_entry (
  nth integer not null primary key,
  id text not null unique,
  subject text not null,
  kind text not null,
  person text not null,
  username text not null,
  org text not null,
  door text not null,
  at_us integer not null,
  body blob not null,
  body_digest blob not null check (length(body_digest) = 32),
  digest blob not null check (length(digest) = 32)
) strict;
create index record_entry_subject on record_entry (subject, at_us, nth);

create table record_waiting (
  at_us integer not null,
  nth integer not null,
  entry text not null,
  primary key (at_us, nth)
) strict, without rowid;

create table record_place (
  idx integer not null primary key,
  entry text not null unique
) strict;

create table record_hash (
  idx integer not null primary key,
  hash blob not null check (length(hash) = 32)
) strict;

create table record_checkpoint (
  size integer not null primary key,
  note text not null,
  at_us integer not null
) strict;
-- +goose StatementBegin
create trigger record_entry_no_update before update on record_entry begin select raise(abort, 'record_entry is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger record_entry_no_delete before delete on record_entry begin select raise(abort, 'record_entry is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger record_place_no_update before update on record_place begin select raise(abort, 'record_place is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger record_place_no_delete before delete on record_place begin select raise(abort, 'record_place is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger record_hash_no_update before update on record_hash begin select raise(abort, 'record_hash is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger record_hash_no_delete before delete on record_hash begin select raise(abort, 'record_hash is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger record_checkpoint_no_update before update on record_checkpoint begin select raise(abort, 'record_checkpoint is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger record_checkpoint_no_delete before delete on record_checkpoint begin select raise(abort, 'record_checkpoint is append-only'); end;
-- +goose StatementEnd
