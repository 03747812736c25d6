-- +goose Up
-- admission: how people and organizations get in, are kept and let go.

-- The one row that every change among an organization's people touches, so
-- that two at once come one after the other.
create table admission_office (
  org text not null primary key,
  changes bigint not null
);

-- token_hash is the SHA-256 of the secret in the link; the link that was sent
-- last is the only one that works.
create table admission_invitation (
  id text not null primary key,
  token_hash bytea not null unique,
  org text not null,
  org_name text not null,
  org_tin text not null,
  name text not null,
  email text not null,
  roles text not null,
  providers text not null,
  by_side bigint not null,
  by_person text not null,
  by_name text not null,
  made_us bigint not null,
  expires_us bigint not null,
  sent bigint not null,
  state text not null,
  ended_us bigint not null,
  ended_by text not null
);
create index admission_invitation_org on admission_invitation (org, state, made_us);

-- org is empty when the plan knows no such organization: the applicant is not
-- told. password is a hash, emptied when the registration is over.
create table admission_registration (
  id text not null primary key,
  token_hash bytea not null unique,
  org text not null,
  org_name text not null,
  org_tin text not null,
  name text not null,
  email text not null,
  email_key text not null,
  username text not null,
  username_key text not null,
  password text not null,
  role text not null,
  network text not null,
  made_us bigint not null,
  expires_us bigint not null,
  confirmed_us bigint not null,
  state text not null,
  ended_us bigint not null,
  ended_by text not null,
  reason text not null,
  person text not null
);
create index admission_registration_org on admission_registration (org, state, made_us);
create index admission_registration_expires on admission_registration (state, expires_us);
create index admission_registration_network on admission_registration (network, made_us);
create index admission_registration_email on admission_registration (email_key, made_us);
create index admission_registration_username on admission_registration (username_key, state);

-- Somebody asks the plan for a local administrator, since there is none.
create table admission_call (
  id text not null primary key,
  org text not null,
  org_name text not null,
  person text not null,
  name text not null,
  body text not null,
  at_us bigint not null,
  done_us bigint not null,
  done_by text not null,
  reason text not null
);
create index admission_call_open on admission_call (done_us, at_us);
create index admission_call_org on admission_call (org, done_us);

-- An access review of an organization: open until done_us is set.
create table admission_review (
  id text not null primary key,
  org text not null,
  org_name text not null,
  opened_us bigint not null,
  due_us bigint not null,
  reminded_us bigint not null,
  done_us bigint not null,
  done_by text not null
);
create unique index admission_review_org on admission_review (org, opened_us);

create table admission_review_answer (
  id text not null primary key,
  review text not null,
  org text not null,
  person text not null,
  answer text not null,
  actor text not null,
  session text not null,
  address text not null,
  at_us bigint not null
);
create index admission_review_answer_review on admission_review_answer (review, person);

-- Who did what here, and why.
create table admission_event (
  id text not null primary key,
  kind text not null,
  org text not null,
  subject text not null,
  person text not null,
  actor text not null,
  reason text not null,
  session text not null,
  address text not null,
  at_us bigint not null
);
create index admission_event_org on admission_event (org, at_us);

-- How far a job has read the events of accounts.
create table admission_cursor (
  name text not null primary key,
  after text not null
);
-- +goose StatementBegin
create function admission_review_answer_refuse() returns trigger as $$ begin raise exception 'admission_review_answer is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger admission_review_answer_append_only before update or delete or truncate on admission_review_answer for each statement execute function admission_review_answer_refuse();
-- +goose StatementBegin
create function admission_event_refuse() returns trigger as $$ begin raise exception 'admission_event is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger admission_event_append_only before update or delete or truncate on admission_event for each statement execute function admission_event_refuse();
