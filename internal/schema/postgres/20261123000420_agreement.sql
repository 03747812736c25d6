-- +goose Up
-- agreement: the versions of the user agreement, byte for byte as they were
-- shown, and who accepted or declined which. None of it ever changes.
create table agreement (
  id text not null primary key,
  number bigint not null unique,
  title text not null,
  markdown text not null,
  sha256 text not null,
  effective_on text not null,
  person text not null,
  person_name text not null,
  entry text not null,
  at_us bigint not null
);

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
  at_us bigint not null,
  unique (person, agreement)
);
-- +goose StatementBegin
create function agreement_refuse() returns trigger as $$ begin raise exception '% is append-only', tg_table_name; end $$ language plpgsql;
-- +goose StatementEnd
create trigger agreement_append_only before update or delete or truncate on agreement for each statement execute function agreement_refuse();
create trigger acceptance_append_only before update or delete or truncate on acceptance for each statement execute function agreement_refuse();
