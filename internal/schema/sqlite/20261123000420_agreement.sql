-- +goose Up
-- agreement: the versions of the user agreement with the exact bytes shown, and
-- who accepted which. Nothing is changed or removed (E-03, E-04).
create table agreement (
  id text not null primary key,
  number integer not null unique,
  title text not null,
  markdown text not null,
  html text not null,
  sha256 text not null,
  effective text not null,
  person text not null,
  entry text not null,
  at_us integer not null
) strict;

create table acceptance (
  id text not null primary key,
  person text not null,
  version text not null references agreement (id),
  sha256 text not null,
  username text not null,
  name text not null,
  org text not null,
  org_name text not null,
  session text not null,
  button text not null,
  address text not null,
  agent text not null,
  locale text not null,
  entry text not null,
  at_us integer not null,
  unique (person, version)
) strict;
create index acceptance_version on acceptance (version);

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
