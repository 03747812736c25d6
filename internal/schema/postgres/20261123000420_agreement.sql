-- +goose Up
-- agreement: the versions of the user agreement with the exact bytes shown,
-- who accepted which, and who declined. Nothing is changed or removed (E-03, E-04).
create table agreement_version (
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

create table agreement_acceptance (
  id text not null primary key,
  person text not null,
  version text not null references agreement_version (id),
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
create index agreement_acceptance_version on agreement_acceptance (version);

create table agreement_decline (
  id text not null primary key,
  person text not null,
  version text not null references agreement_version (id),
  org text not null,
  session text not null,
  address text not null,
  at_us bigint not null
);
create index agreement_decline_person on agreement_decline (person, at_us);
-- +goose StatementBegin
create function agreement_version_refuse() returns trigger as $$ begin raise exception 'agreement_version is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger agreement_version_append_only before update or delete or truncate on agreement_version for each statement execute function agreement_version_refuse();
-- +goose StatementBegin
create function agreement_acceptance_refuse() returns trigger as $$ begin raise exception 'agreement_acceptance is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger agreement_acceptance_append_only before update or delete or truncate on agreement_acceptance for each statement execute function agreement_acceptance_refuse();
-- +goose StatementBegin
create function agreement_decline_refuse() returns trigger as $$ begin raise exception 'agreement_decline is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger agreement_decline_append_only before update or delete or truncate on agreement_decline for each statement execute function agreement_decline_refuse();
