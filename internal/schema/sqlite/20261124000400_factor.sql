-- +goose Up
-- factor: authenticator apps, passkeys and recovery codes. What is sealed
-- opens only with the keyset file and for the person of its row.
create table factor_totp (
  person text not null primary key,
  sealed blob not null,
  last_step integer not null,
  added_us integer not null
) strict;

create table factor_pending (
  person text not null primary key,
  sealed blob not null,
  begun_us integer not null
) strict;
create index factor_pending_begun on factor_pending (begun_us);

-- A passkey belongs to one person for as long as it is here.
create table factor_passkey (
  id text not null primary key,
  person text not null,
  credential blob not null unique,
  label text not null,
  sealed blob not null,
  verifies integer not null,
  sign_count integer not null,
  added_us integer not null,
  used_us integer not null
) strict;
create index factor_passkey_person on factor_passkey (person, id);

-- The codes themselves are with the person; here is the SHA-256 of each.
create table factor_code (
  person text not null,
  slot integer not null,
  hash blob not null,
  used_us integer not null,
  primary key (person, slot)
) strict;

create table factor_ceremony (
  token_hash blob not null primary key,
  person text not null,
  purpose text not null,
  asked text not null,
  begun_us integer not null
) strict;
create index factor_ceremony_begun on factor_ceremony (begun_us);
create index factor_ceremony_person on factor_ceremony (person);
