-- +goose Up
-- record: the official record and the Merkle tree over it. Entries, their
-- places, tree nodes and checkpoints are never changed or removed; only the
-- queue of entries that wait for a place empties.
create table record_entry (
  nth bigint generated always as identity,
  id text not null primary key,
  subject text not null,
  kind text not null,
  person text not null,
  username text not null,
  org text not null,
  door text not null,
  at_us bigint not null,
  body bytea not null,
  body_digest bytea not null check (octet_length(body_digest) = 32),
  digest bytea not null check (octet_length(digest) = 32)
);
create index record_entry_subject on record_entry (subject, at_us, nth);

create table record_waiting (
  at_us bigint not null,
  nth bigint not null,
  entry text not null,
  primary key (at_us, nth)
);

create table record_place (
  idx bigint not null primary key,
  entry text not null unique
);

create table record_hash (
  idx bigint not null primary key,
  hash bytea not null check (octet_length(hash) = 32)
);

create table record_checkpoint (
  size bigint not null primary key,
  note text not null,
  at_us bigint not null
);
-- +goose StatementBegin
create function record_refuse() returns trigger as $$ begin raise exception '% is append-only', tg_table_name; end $$ language plpgsql;
-- +goose StatementEnd
create trigger record_entry_append_only before update or delete or truncate on record_entry for each statement execute function record_refuse();
create trigger record_place_append_only before update or delete or truncate on record_place for each statement execute function record_refuse();
create trigger record_hash_append_only before update or delete or truncate on record_hash for each statement execute function record_refuse();
create trigger record_checkpoint_append_only before update or delete or truncate on record_checkpoint for each statement execute function record_refuse();
