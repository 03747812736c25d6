-- +goose Up
-- agreement: the versions of the user agreement, byte for byte as they were
-- shown, and who accepted or declined which. None of it ever changes.
create table agreement (
  id text not null primary key,
  number integer not null unique,
  title text not null,
  markdown text not null,
  sha256 text not null,
  effective_on text not null,
  person text not null,
  person_name text not null,
  entry text not null,
  at_us integer not null
) strict;

create table acceptance (
  id text not null primary key,
  person text not null,
  agreement text not null,
  username text not null,
  name text not null,
  org text not null,
  org_name text not null,
  sha256 text not null,
  button text not null,
  address text not null,
  agent text not null,
  locale text not null,
  session text not null,
  entry text not null,
  at_us integer not null,
  unique (person, agreement)
) strict;
-- +goose StatementBegin
create trigger agreement_no_update before update on agreement begin select raise(abort, 'agreement is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger agreement_no_delete before delete on agreement begin select raise(abort, 'agreement is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger acceptance_no_update before update on acceptance begin select raise(abort, 'acceptance is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger acceptance_no_delete before delete on acceptance begin select raise(abort, 'acceptance is append-only'); end;
-- +goose StatementEnd
