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
  side bigint not null,
  org text not null,
  org_name text not null,
  org_tin text not null,
  roles text not null,
  licence_number text not null,
  licence_state text not null,
  licence_expires text not null,
  licence_restricted bigint not null,
  licence_specialties text not null,
  password text not null,
  password_us bigint not null,
  disabled bigint not null,
  created_us bigint not null,
  signed_in_us bigint not null
);
create index account_person_org on account_person (org, username_key);

-- The token itself is with the browser; here is its SHA-256.
create table account_session (
  token_hash bytea not null primary key,
  id text not null unique,
  person text not null references account_person (id),
  started_us bigint not null,
  seen_us bigint not null,
  expires_us bigint not null,
  ended_us bigint not null,
  ended_why text not null,
  before_us bigint not null,
  address text not null,
  agent text not null
);
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
  at_us bigint not null
);
create index account_event_person on account_event (person, at_us);
create index account_event_address on account_event (address, at_us);

-- Networks from which a person has signed in: a stranger's failures elsewhere
-- do not hold her up there.
create table account_place (
  person text not null references account_person (id),
  address text not null,
  last_us bigint not null,
  primary key (person, address)
);

create table account_throttle (
  key text not null primary key,
  person text not null,
  failures bigint not null,
  last_us bigint not null,
  until_us bigint not null
);
create index account_throttle_last on account_throttle (last_us);
create index account_throttle_person on account_throttle (person);
-- +goose StatementBegin
create function account_event_refuse() returns trigger as $$ begin raise exception 'account_event is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger account_event_kept before update or delete or truncate on account_event for each statement execute function account_event_refuse();
-- +goose StatementBegin
create function account_person_refuse() returns trigger as $$ begin raise exception 'account_person is kept for good'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger account_person_kept before delete or truncate on account_person for each statement execute function account_person_refuse();
-- +goose StatementBegin
create function account_session_refuse() returns trigger as $$ begin raise exception 'account_session is kept for good'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger account_session_kept before delete or truncate on account_session for each statement execute function account_session_refuse();
