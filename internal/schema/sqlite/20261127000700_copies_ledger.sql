-- +goose Up
-- print_copy: a printed copy that an organization took, which one of the
-- thing it is, by whom and, from the second on, why. Names are kept as they
-- were then.
create table print_copy (
  id text not null primary key,
  org text not null,
  org_name text not null,
  side integer not null,
  kind text not null,
  ref text not null,
  label text not null,
  no integer not null,
  person text not null,
  username text not null,
  name text not null,
  session text not null,
  token text not null unique,
  reason text not null,
  entry text not null,
  at_us integer not null,
  unique (org, kind, ref, no)
) strict;
create index print_copy_second on print_copy (at_us) where no > 1;
-- print_copy_given: that the bytes of a copy were handed out, by their digest.
create table print_copy_given (
  copy text not null primary key references print_copy (id),
  digest text not null,
  size integer not null,
  at_us integer not null
) strict;
-- print_copy_review: what a privacy officer found about a second copy.
create table print_copy_review (
  copy text not null primary key references print_copy (id),
  outcome text not null,
  note text not null,
  person text not null,
  name text not null,
  entry text not null,
  at_us integer not null
) strict;
-- +goose StatementBegin
create trigger print_copy_no_update before update on print_copy begin select raise(abort, 'print_copy is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger print_copy_no_delete before delete on print_copy begin select raise(abort, 'print_copy is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger print_copy_given_no_update before update on print_copy_given begin select raise(abort, 'print_copy_given is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger print_copy_given_no_delete before delete on print_copy_given begin select raise(abort, 'print_copy_given is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger print_copy_review_no_update before update on print_copy_review begin select raise(abort, 'print_copy_review is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger print_copy_review_no_delete before delete on print_copy_review begin select raise(abort, 'print_copy_review is append-only'); end;
-- +goose StatementEnd
