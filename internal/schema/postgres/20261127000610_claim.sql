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
  changed_us bigint not null
);

create table claim_party (
  org text not null,
  claim text not null,
  member text not null,
  from_on text not null,
  office_folded text not null,
  primary key (org, claim)
);
create index claim_party_day on claim_party (org, from_on, claim);
create index claim_party_member on claim_party (org, member, from_on);
create index claim_party_number on claim_party (org, office_folded);
create index claim_party_claim on claim_party (claim);

create table claim_statement (
  id text not null primary key,
  claim text not null,
  import text not null,
  no bigint not null,
  source text not null,
  status text not null,
  as_of text not null,
  known_us bigint not null,
  codes text not null,
  remarks text not null,
  amounts bigint not null,
  charge bigint not null,
  paid bigint not null,
  owed bigint not null,
  allowed bigint not null,
  allowed_known bigint not null,
  payment text not null
);
create index claim_statement_claim on claim_statement (claim, as_of, known_us, no);

create table claim_line (
  statement text not null,
  no bigint not null,
  system text not null,
  code text not null,
  modifiers text not null,
  revenue text not null,
  units bigint not null,
  from_on text not null,
  to_on text not null,
  charge bigint not null,
  paid bigint not null,
  owed bigint not null,
  allowed bigint not null,
  allowed_known bigint not null,
  codes text not null,
  remarks text not null,
  primary key (statement, no)
);

create table claim_adjustment (
  statement text not null,
  line bigint not null,
  no bigint not null,
  grp text not null,
  reason text not null,
  cents bigint not null,
  units bigint not null,
  primary key (statement, line, no)
);

create table claim_payment (
  id text not null primary key,
  import text not null,
  method text not null,
  trace text not null,
  paid_on text not null,
  cents bigint not null,
  cents_known bigint not null,
  payer text not null,
  payee_npi text not null,
  payee_tin text not null,
  known_us bigint not null
);

create table claim_import (
  id text not null primary key,
  digest text not null unique,
  name text not null,
  format text not null,
  row_count bigint not null,
  added bigint not null,
  changed bigint not null,
  unplaced bigint not null,
  person text not null,
  at_us bigint not null
);
-- +goose StatementBegin
create function claim_refuse() returns trigger as $$ begin raise exception '% is append-only', tg_table_name; end $$ language plpgsql;
-- +goose StatementEnd
create trigger claim_statement_append_only before update or delete or truncate on claim_statement for each statement execute function claim_refuse();
create trigger claim_line_append_only before update or delete or truncate on claim_line for each statement execute function claim_refuse();
create trigger claim_adjustment_append_only before update or delete or truncate on claim_adjustment for each statement execute function claim_refuse();
create trigger claim_payment_append_only before update or delete or truncate on claim_payment for each statement execute function claim_refuse();
create trigger claim_import_append_only before update or delete or truncate on claim_import for each statement execute function claim_refuse();
