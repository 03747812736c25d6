-- +goose Up
-- signon: identity providers of offices and of the plan. The client's secret
-- opens only with the keyset file and for the provider of its row.
create table signon_provider (
  id text not null primary key,
  org text not null,
  side integer not null,
  name text not null,
  issuer text not null,
  client_id text not null,
  sealed blob not null,
  trust_factor integer not null,
  acrs text not null,
  disabled integer not null,
  created_us integer not null,
  changed_us integer not null
) strict;
create unique index signon_provider_one on signon_provider (org) where disabled = 0;

-- A domain belongs to one provider at a time.
create table signon_domain (
  domain text not null primary key,
  provider text not null references signon_provider (id)
) strict;
create index signon_domain_provider on signon_domain (provider, domain);

-- What a provider calls somebody belongs to one person for ever: a link that
-- has ended stays, and opens again for the same person only.
create table signon_link (
  provider text not null references signon_provider (id),
  subject text not null,
  id text not null unique,
  person text not null,
  linked_us integer not null,
  used_us integer not null,
  ended_us integer not null,
  primary key (provider, subject)
) strict;
create unique index signon_link_person on signon_link (person, provider) where ended_us = 0;

-- State and browser's secret are with the browser; here is the SHA-256 of
-- each. What it was begun for is sealed, since it may hold an invitation.
create table signon_attempt (
  state_hash blob not null primary key,
  browser_hash blob not null,
  provider text not null references signon_provider (id),
  sealed blob not null,
  begun_us integer not null
) strict;
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
  at_us integer not null
) strict;
create index signon_event_provider on signon_event (provider, at_us);
create index signon_event_person on signon_event (person, at_us);
-- +goose StatementBegin
create trigger signon_event_no_update before update on signon_event begin select raise(abort, 'signon_event is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger signon_event_no_delete before delete on signon_event begin select raise(abort, 'signon_event is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger signon_link_no_delete before delete on signon_link begin select raise(abort, 'signon_link is kept for good'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger signon_link_one_person before update of provider, subject, person on signon_link begin select raise(abort, 'signon_link stays with its person'); end;
-- +goose StatementEnd
