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
  secret_hash bytea not null,
  state text not null,
  reason text not null,
  by_person text not null,
  by_name text not null,
  made_us bigint not null,
  changed_us bigint not null,
  used_us bigint not null,
  network text not null,
  unique (org, name_key)
);

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
  at_us bigint not null,
  unique (client, version)
);

create table client_token (
  token_hash bytea not null primary key,
  id text not null,
  client text not null references client (id),
  made_us bigint not null,
  expires_us bigint not null
);
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
  at_us bigint not null
);
create index client_event_client on client_event (client, at_us);

create table client_throttle (
  key text not null primary key,
  failures bigint not null,
  last_us bigint not null,
  until_us bigint not null
);
create index client_throttle_last on client_throttle (last_us);
-- +goose StatementBegin
create function client_acceptance_refuse() returns trigger as $$ begin raise exception 'client_acceptance is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger client_acceptance_append_only before update or delete or truncate on client_acceptance for each statement execute function client_acceptance_refuse();
-- +goose StatementBegin
create function client_event_refuse() returns trigger as $$ begin raise exception 'client_event is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger client_event_append_only before update or delete or truncate on client_event for each statement execute function client_event_refuse();
