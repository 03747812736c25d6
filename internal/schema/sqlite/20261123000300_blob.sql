-- +goose Up
-- blob: one row per sealed file, written once. The wrapped key stands beside
-- it, because turning the master key wraps it anew.
create table blob (
  name text not null primary key,
  digest blob not null,
  size integer not null,
  at_us integer not null
) strict;
create table blob_key (
  name text not null primary key,
  wrapped blob not null,
  at_us integer not null
) strict;
-- +goose StatementBegin
create trigger blob_no_update before update on blob begin select raise(abort, 'blob is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger blob_no_delete before delete on blob begin select raise(abort, 'blob is append-only'); end;
-- +goose StatementEnd
