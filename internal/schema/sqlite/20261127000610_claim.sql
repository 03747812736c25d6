-- +goose Up
-- claim: what the plan's system has told of claims. Every statement of a file
-- is kept for good with its lines, adjustments and payment; claim points to the
-- statement that holds (front, the newest of its state) and to the one with the
-- newest amounts and lines (detail). claim_party is which organizations a claim
-- is about. Amounts are cents, units thousandths; a day that is not known is
-- empty.
create table claim (
  id text not null primary key,
  number text not null,
  number_folded text not null unique,
  office_number text not null,
  member text not null,
  billing_org text not null,
  billing_npi text not null,
  billing_tin text not null,
  rendering_org text not null,
  rendering_npi text not null,
  from_on text not null,
  to_on text not null,
  received_on text not null,
  authorized text not null,
  diagnoses text not null,
  status text not null,
  front text not null,
  front_on text not null,
  detail text not null,
  detail_on text not null,
  detail_source text not null,
  payment text not null,
  changed_us integer not null
) strict;

create table claim_party (
  org text not null,
  claim text not null,
  member text not null,
  from_on text not null,
  office_folded text not null,
  primary key (org, claim)
) strict;
create index claim_party_day on claim_party (org, from_on, claim);
create index claim_party_member on claim_party (org, member, from_on);
create index claim_party_number on claim_party (org, office_folded);
create index claim_party_claim on claim_party (claim);

create table claim_statement (
  id text not null primary key,
  claim text not null,
  import text not null,
  no integer not null,
  source text not null,
  status text not null,
  as_of text not null,
  known_us integer not null,
  codes text not null,
  remarks text not null,
  amounts integer not null,
  charge integer not null,
  paid integer not null,
  owed integer not null,
  allowed integer not null,
  allowed_known integer not null,
  payment text not null
) strict;
create index claim_statement_claim on claim_statement (claim, as_of, known_us, no);

create table claim_line (
  statement text not null,
  no integer not null,
  system text not null,
  code text not null,
  modifiers text not null,
  revenue text not null,
  units integer not null,
  from_on text not null,
  to_on text not null,
  charge integer not null,
  paid integer not null,
  owed integer not null,
  allowed integer not null,
  allowed_known integer not null,
  codes text not null,
  remarks text not null,
  primary key (statement, no)
) strict;

create table claim_adjustment (
  statement text not null,
  line integer not null,
  no integer not null,
  grp text not null,
  reason text not null,
  cents integer not null,
  units integer not null,
  primary key (statement, line, no)
) strict;

create table claim_payment (
  id text not null primary key,
  import text not null,
  method text not null,
  trace text not null,
  paid_on text not null,
  cents integer not null,
  cents_known integer not null,
  payer text not null,
  payee_npi text not null,
  payee_tin text not null,
  known_us integer not null
) strict;

create table claim_import (
  id text not null primary key,
  digest text not null unique,
  name text not null,
  format text not null,
  row_count integer not null,
  added integer not null,
  changed integer not null,
  unplaced integer not null,
  person text not null,
  at_us integer not null
) strict;
-- +goose StatementBegin
create trigger claim_statement_no_update before update on claim_statement begin select raise(abort, 'claim_statement is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger claim_statement_no_delete before delete on claim_statement begin select raise(abort, 'claim_statement is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger claim_line_no_update before update on claim_line begin select raise(abort, 'claim_line is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger claim_line_no_delete before delete on claim_line begin select raise(abort, 'claim_line is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger claim_adjustment_no_update before update on claim_adjustment begin select raise(abort, 'claim_adjustment is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger claim_adjustment_no_delete before delete on claim_adjustment begin select raise(abort, 'claim_adjustment is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger claim_payment_no_update before update on claim_payment begin select raise(abort, 'claim_payment is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger claim_payment_no_delete before delete on claim_payment begin select raise(abort, 'claim_payment is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger claim_import_no_update before update on claim_import begin select raise(abort, 'claim_import is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger claim_import_no_delete before delete on claim_import begin select raise(abort, 'claim_import is append-only'); end;
-- +goose StatementEnd
