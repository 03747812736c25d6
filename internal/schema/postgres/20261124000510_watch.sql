-- +goose Up
-- watch: suspicions about accounts, what was done about them, and the rules
-- that raise them. No row holds anything about a member: counts and networks only.
create table watch_case (
  id text not null primary key,
  cause text not null,
  person text not null,
  username text not null,
  evidence text not null,
  opened_by text not null,
  opened_us bigint not null,
  suspended bigint not null,
  state text not null,
  outcome text not null,
  reason text not null,
  reviewer text not null,
  closed_us bigint not null
);
create index watch_case_state on watch_case (state, opened_us);
create index watch_case_person on watch_case (person, opened_us);

create table watch_event (
  id text not null primary key,
  case_id text not null references watch_case (id),
  kind text not null,
  person text not null,
  name text not null,
  reason text not null,
  at_us bigint not null,
  place bigint not null
);
create index watch_event_case on watch_event (case_id, at_us);

-- At most one open case for one cause and person: what happens again is added to it.
create table watch_open (
  cause text not null,
  person text not null,
  case_id text not null references watch_case (id),
  primary key (cause, person)
);

-- How far evidence about a person has been used by a rule: it never counts twice.
create table watch_evidence (
  rule text not null,
  person text not null,
  until_us bigint not null,
  case_id text not null references watch_case (id),
  primary key (rule, person, until_us)
);

-- A rule that staff have changed; one without a row is as it was shipped.
create table watch_rule (
  name text not null primary key,
  enabled bigint not null,
  suspends bigint not null,
  most bigint not null,
  minutes bigint not null,
  from_hour bigint not null,
  to_hour bigint not null,
  changed_by text not null,
  changed_name text not null,
  reason text not null,
  changed_us bigint not null
);

create table watch_change (
  id text not null primary key,
  rule text not null,
  was text not null,
  became text not null,
  person text not null,
  name text not null,
  reason text not null,
  at_us bigint not null
);
create index watch_change_rule on watch_change (rule, at_us);

-- How far the rules have read, and from when on: what was before does not count.
create table watch_cursor (
  name text not null primary key,
  began_us bigint not null,
  read_us bigint not null
);

-- Which warnings of non-use were sent, for a time without use that began at used_us.
create table watch_warning (
  person text not null,
  used_us bigint not null,
  nth bigint not null,
  at_us bigint not null,
  primary key (person, used_us, nth)
);
-- +goose StatementBegin
create function watch_event_refuse() returns trigger as $$ begin raise exception 'watch_event is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger watch_event_append_only before update or delete or truncate on watch_event for each statement execute function watch_event_refuse();
-- +goose StatementBegin
create function watch_evidence_refuse() returns trigger as $$ begin raise exception 'watch_evidence is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger watch_evidence_append_only before update or delete or truncate on watch_evidence for each statement execute function watch_evidence_refuse();
-- +goose StatementBegin
create function watch_change_refuse() returns trigger as $$ begin raise exception 'watch_change is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger watch_change_append_only before update or delete or truncate on watch_change for each statement execute function watch_change_refuse();
-- +goose StatementBegin
create function watch_warning_refuse() returns trigger as $$ begin raise exception 'watch_warning is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger watch_warning_append_only before update or delete or truncate on watch_warning for each statement execute function watch_warning_refuse();
-- +goose StatementBegin
create function watch_case_refuse() returns trigger as $$ begin raise exception 'watch_case is kept for good'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger watch_case_kept before delete or truncate on watch_case for each statement execute function watch_case_refuse();
