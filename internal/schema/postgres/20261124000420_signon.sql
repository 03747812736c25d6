-- +goose Up
-- signon: identity providers of offices and of the plan. The client's secret
-- opens only with the keyset file and for the provider of its row.
create table signon_provider (
  id text not null primary key,
  org text not null,
  side bigint not null,
  name text not null,
  issuer text not null,
  client_id text not null,
  sealed bytea not null,
  trust_factor bigint not null,
  acrs text not null,
  disabled bigint not null,
  created_us bigint not null,
  changed_us bigint not null
);
create unique index signon_provider_one on signon_provider (org) where disabled = 0;

-- A domain belongs to one provider at a time.
create table signon_domain (
  domain text not null primary key,
  provider text not null references signon_provider (id)
);
create index signon_domain_provider on signon_domain (provider, domain);

-- What a provider calls somebody belongs to one person for ever: a link that
-- has ended stays, and opens again for the same person only.
create table signon_link (
  provider text not null references signon_provider (id),
  subject text not null,
  id text not null unique,
  person text not null,
  linked_us bigint not null,
  used_us bigint not null,
  ended_us bigint not null,
  primary key (provider, subject)
);
create unique index signon_link_person on signon_link (person, provider) where ended_us = 0;

-- State and browser's secret are with the browser; here is the SHA-256 of
-- each. What it was begun for is sealed, since it may hold an invitation.
create table signon_attempt (
  state_hash bytea not null primary key,
  browser_hash bytea not null,
  provider text not null references signon_provider (id),
  sealed bytea not null,
  begun_us bigint not null
);
create index signon_attempt_begun on signon_attempt (begun_us);

create table signon_event (
  id text not null primary key,
  kind text not null,
  provider text not null,
  person text not null,
  actor text not null,
  reason text not null,
  detail text not null,
  session text not null,
  address text not null,
  at_us bigint not null
);
create index signon_event_provider on signon_event (provider, at_us);
create index signon_event_person on signon_event (person, at_us);
-- +goose StatementBegin
create function signon_event_refuse() returns trigger as $$ begin raise exception 'signon_event is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger signon_event_kept before update or delete or truncate on signon_event for each statement execute function signon_event_refuse();
-- +goose StatementBegin
create function signon_link_refuse() returns trigger as $$ begin raise exception 'signon_link is kept for good, with its person'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger signon_link_kept before delete or truncate on signon_link for each statement execute function signon_link_refuse();
create trigger signon_link_one_person before update of provider, subject, person on signon_link for each statement execute function signon_link_refuse();
