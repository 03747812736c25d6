-- +goose Up
-- factor: authenticator apps, passkeys and recovery codes. What is sealed
-- opens only with the keyset file and for the person of its row.
create table factor_totp (
  person text not null primary key,
  sealed bytea not null,
  last_step bigint not null,
  added_us bigint not null
);

create table factor_pending (
  person text not null primary key,
  sealed bytea not null,
  begun_us bigint not null
);
create index factor_pending_begun on factor_pending (begun_us);

-- A passkey belongs to one person for as long as it is here.
create table factor_passkey (
  id text not null primary key,
  person text not null,
  credential bytea not null unique,
  label text not null,
  sealed bytea not null,
  verifies bigint not null,
  sign_count bigint not null,
  added_us bigint not null,
  used_us bigint not null
);
create index factor_passkey_person on factor_passkey (person, id);

-- The codes themselves are with the person; here is the SHA-256 of each.
create table factor_code (
  person text not null,
  slot bigint not null,
  hash bytea not null,
  used_us bigint not null,
  primary key (person, slot)
);

create table factor_ceremony (
  token_hash bytea not null primary key,
  person text not null,
  purpose text not null,
  asked text not null,
  begun_us bigint not null
);
create index factor_ceremony_begun on factor_ceremony (begun_us);
create index factor_ceremony_person on factor_ceremony (person);
