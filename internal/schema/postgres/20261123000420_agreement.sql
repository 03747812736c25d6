-- +goose Up
-- agreement: the versions of the user agreement with the exact bytes shown, and
-- who accepted which. Nothing is changed or removed (E-03, E-04).
create table agreement (
  id text not null primary key,
  number bigint not null unique,
  title text not null,
  markdown text not null,
  html text not null,
  sha256 text not null,
  effective text not null,
  person text not null,
  entry text not null,
  at_us bigint not null
);

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
  at_us bigint not null,
  unique (person, version)
);
create index acceptance_version on acceptance (version);

-- +goose StatementBegin
create function agreement_refuse() returns trigger as $$ begin raise exception 'agreement is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger agreement_append_only before update or delete or truncate on agreement for each statement execute function agreement_refuse();
-- +goose StatementBegin
create function acceptance_refuse() returns trigger as $$ begin raise exception 'acceptance is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger acceptance_append_only before update or delete or truncate on acceptance for each statement execute function acceptance_refuse();
