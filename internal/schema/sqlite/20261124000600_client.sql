-- +goose Up
-- client: programs of offices. secret_hash and token_hash are SHA-256.
create table client (
  id text not null primary key,
  org text not null,
  org_name text not null,
  org_tin text not null,
  name text not null,
  name_key text not null,
  role text not null,
  providers text not null,
  secret_hash blob not null,
  state text not null,
  reason text not null,
  by_person text not null,
  by_name text not null,
  made_us integer not null,
  changed_us integer not null,
  used_us integer not null,
  network text not null,
  unique (org, name_key)
) strict;

create table client_acceptance (
  id text not null primary key,
  client text not null references client (id),
  version text not null references agreement (id),
  sha256 text not null,
  client_name text not null,
  person text not null,
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
  unique (client, version)
) strict;

create table client_token (
  token_hash blob not null primary key,
  id text not null,
  client text not null references client (id),
  made_us integer not null,
  expires_us integer not null
) strict;
create index client_token_client on client_token (client, expires_us);

create table client_event (
  id text not null primary key,
  kind text not null,
  client text not null,
  org text not null,
  actor text not null,
  reason text not null,
  session text not null,
  address text not null,
  at_us integer not null
) strict;
create index client_event_client on client_event (client, at_us);

create table client_throttle (
  key text not null primary key,
  failures integer not null,
  last_us integer not null,
  until_us integer not null
) strict;
create index client_throttle_last on client_throttle (last_us);
-- +goose StatementBegin
create trigger client_acceptance_no_update before update on client_acceptance begin select raise(abort, 'client_acceptance is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger client_acceptance_no_delete before delete on client_acceptance begin select raise(abort, 'client_acceptance is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger client_event_no_update before update on client_event begin select raise(abort, 'client_event is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger client_event_no_delete before delete on client_event begin select raise(abort, 'client_event is append-only'); end;
-- +goose StatementEnd
