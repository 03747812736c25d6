-- +goose Up
-- disclosure: whose information was shown, asked for or refused, to whom, why
-- and when. Rows are written before anything is shown, and never changed.
-- Names are kept as they were then, so that an accounting (45 CFR 164.528)
-- stands by itself.
create table disclosure (
  id text not null primary key,
  member text not null,
  subject text not null,
  fields text not null,
  purpose text not null,
  outcome text not null,
  key_kind text not null,
  person text not null,
  username text not null,
  name text not null,
  org text not null,
  org_name text not null,
  session text not null,
  door text not null,
  address text not null,
  at_us bigint not null
);
create index disclosure_member on disclosure (member, at_us);
create index disclosure_person on disclosure (person, at_us);
create index disclosure_org on disclosure (org, at_us);
-- +goose StatementBegin
create function disclosure_refuse() returns trigger as $$ begin raise exception 'disclosure is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger disclosure_append_only before update or delete or truncate on disclosure for each statement execute function disclosure_refuse();
