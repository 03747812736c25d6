-- +goose Up
-- blob: one row per sealed file, written once. The wrapped key stands beside
-- it, because turning the master key wraps it anew.
create table blob (
  name text not null primary key,
  digest bytea not null,
  size bigint not null,
  at_us bigint not null
);
create table blob_key (
  name text not null primary key,
  wrapped bytea not null,
  at_us bigint not null
);
-- +goose StatementBegin
create function blob_refuse() returns trigger as $$ begin raise exception 'blob is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger blob_append_only before update or delete or truncate on blob for each statement execute function blob_refuse();
