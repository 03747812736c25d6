-- +goose Up
-- print_copy: a printed copy that an organization took, which one of the
-- thing it is, by whom and, from the second on, why. Names are kept as they
-- were then.
create table print_copy (
  id text not null primary key,
  org text not null,
  org_name text not null,
  side bigint not null,
  kind text not null,
  ref text not null,
  label text not null,
  no bigint not null,
  person text not null,
  username text not null,
  name text not null,
  session text not null,
  token text not null unique,
  reason text not null,
  entry text not null,
  at_us bigint not null,
  unique (org, kind, ref, no)
);
create index print_copy_second on print_copy (at_us) where no > 1;
-- print_copy_given: that the bytes of a copy were handed out, by their digest.
create table print_copy_given (
  copy text not null primary key references print_copy (id),
  digest text not null,
  size bigint not null,
  at_us bigint not null
);
-- print_copy_review: what a privacy officer found about a second copy.
create table print_copy_review (
  copy text not null primary key references print_copy (id),
  outcome text not null,
  note text not null,
  person text not null,
  name text not null,
  entry text not null,
  at_us bigint not null
);
-- +goose StatementBegin
create function print_copy_refuse() returns trigger as $$ begin raise exception 'the ledger of copies is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger print_copy_append_only before update or delete or truncate on print_copy for each statement execute function print_copy_refuse();
create trigger print_copy_given_append_only before update or delete or truncate on print_copy_given for each statement execute function print_copy_refuse();
create trigger print_copy_review_append_only before update or delete or truncate on print_copy_review for each statement execute function print_copy_refuse();
