-- +goose Up
-- account: people who sign in, their sessions, what happened to their
-- accounts, where they have signed in from, and failed attempts. A person's row is
-- never deleted, so that a username is never used by a second person.
create table account_person (
  id text not null primary key,
  username text not null,
  username_key text not null unique,
  name text not null,
  email text not null,
  side integer not null,
  org text not null,
  org_name text not null,
  org_tin text not null,
  roles text not null,
  licence_number text not null,
  licence_state text not null,
  licence_expires text not null,
  licence_restricted integer not null,
  licence_specialties text not null,
  password text not null,
  password_us integer not null,
  disabled integer not null,
  created_us integer not null,
  signed_in_us integer not null
) strict;
create index account_person_org on account_person (org, username_key);

-- The token itself is with the browser; here is its SHA-256.
create table account_session (
  token_hash blob not null primary key,
  id text not null unique,
  person text not null references account_person (id),
  started_us integer not null,
  seen_us integer not null,
  expires_us integer not null,
  ended_us integer not null,
  ended_why text not null,
  before_us integer not null,
  address text not null,
  agent text not null
) strict;
create index account_session_person on account_session (person, started_us);
create index account_session_open on account_session (ended_us, seen_us);

create table account_event (
  id text not null primary key,
  kind text not null,
  person text not null,
  actor text not null,
  reason text not null,
  session text not null,
  address text not null,
  agent text not null,
  at_us integer not null
) strict;
create index account_event_person on account_event (person, at_us);
create index account_event_address on account_event (address, at_us);

-- Networks from which a person has signed in: a stranger's failures elsewhere
-- do not hold her up there.
create table account_place (
  person text not null references account_person (id),
  address text not null,
  last_us integer not null,
  primary key (person, address)
) strict;

create table account_throttle (
  key text not null primary key,
  person text not null,
  failures integer not null,
  last_us integer not null,
  until_us integer not null
) strict;
create index account_throttle_last on account_throttle (last_us);
create index account_throttle_person on account_throttle (person);
-- +goose StatementBegin
create trigger account_event_no_update before update on account_event begin select raise(abort, 'account_event is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger account_event_no_delete before delete on account_event begin select raise(abort, 'account_event is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger account_person_no_delete before delete on account_person begin select raise(abort, 'account_person is kept for good'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger account_session_no_delete before delete on account_session begin select raise(abort, 'account_session is kept for good'); end;
-- +goose StatementEnd
