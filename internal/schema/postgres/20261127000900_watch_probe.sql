-- +goose Up
-- watch: the guard before look-ups of members, and what the rules about
-- probing go by. No row holds what was typed or who was found: digests under a
-- key that lies sealed, references into the ledger, counts and times.

-- The key of the digests, sealed by the keys of second factors.
create table watch_key (
  name text not null primary key,
  sealed bytea not null
);

-- A look-up that found nothing, for a day. digest stands for the typed number;
-- low and high are two rows of pigeonholes, twenty numbers wide and shifted by
-- ten: numbers that follow one another share one.
create table watch_look (
  disclosure text not null primary key,
  person text not null,
  org text not null,
  at_us bigint not null,
  half bigint not null,
  digest text not null,
  low text not null,
  high text not null
);
create index watch_look_person on watch_look (person, at_us);
create index watch_look_org on watch_look (org, at_us);
create index watch_look_at on watch_look (at_us);

-- How somebody's, or an organization's, look-ups are held up.
create table watch_guard (
  key text not null primary key,
  person text not null,
  org text not null,
  last_us bigint not null,
  until_us bigint not null,
  stopped_us bigint not null,
  tries bigint not null,
  tried_us bigint not null,
  since_us bigint not null
);
create index watch_guard_last on watch_guard (last_us);
create index watch_guard_stopped on watch_guard (stopped_us) where stopped_us > 0;

-- A look at somebody who may be kin or a colleague of who looked.
create table watch_kin (
  disclosure text not null,
  kind text not null,
  person text not null,
  member text not null,
  at_us bigint not null,
  primary key (disclosure, kind)
);
create index watch_kin_person on watch_kin (person, kind, at_us);
create index watch_kin_at on watch_kin (at_us);

-- The people of an organization, by the digest of their names.
create table watch_name (
  org text not null,
  digest text not null,
  primary key (org, digest)
);

-- Which lines of the ledger are the evidence of a case.
create table watch_ref (
  case_id text not null references watch_case (id),
  disclosure text not null,
  primary key (case_id, disclosure)
);
-- +goose StatementBegin
create function watch_ref_refuse() returns trigger as $$ begin raise exception 'watch_ref is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger watch_ref_append_only before update or delete or truncate on watch_ref for each statement execute function watch_ref_refuse();
