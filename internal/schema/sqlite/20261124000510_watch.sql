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
  opened_us integer not null,
  suspended integer not null,
  state text not null,
  outcome text not null,
  reason text not null,
  reviewer text not null,
  closed_us integer not null
) strict;
create index watch_case_state on watch_case (state, opened_us);
create index watch_case_person on watch_case (person, opened_us);

create table watch_event (
  id text not null primary key,
  case_id text not null references watch_case (id),
  kind text not null,
  person text not null,
  name text not null,
  reason text not null,
  at_us integer not null,
  place integer not null
) strict;
create index watch_event_case on watch_event (case_id, at_us);

-- At most one open case for one cause and person: what happens again is added to it.
create table watch_open (
  cause text not null,
  person text not null,
  case_id text not null references watch_case (id),
  primary key (cause, person)
) strict;

-- How far evidence about a person has been used by a rule: it never counts twice.
create table watch_evidence (
  rule text not null,
  person text not null,
  until_us integer not null,
  case_id text not null references watch_case (id),
  primary key (rule, person, until_us)
) strict;

-- A rule that staff have changed; one without a row is as it was shipped.
create table watch_rule (
  name text not null primary key,
  enabled integer not null,
  suspends integer not null,
  most integer not null,
  minutes integer not null,
  from_hour integer not null,
  to_hour integer not null,
  changed_by text not null,
  changed_name text not null,
  reason text not null,
  changed_us integer not null
) strict;

create table watch_change (
  id text not null primary key,
  rule text not null,
  was text not null,
  became text not null,
  person text not null,
  name text not null,
  reason text not null,
  at_us integer not null
) strict;
create index watch_change_rule on watch_change (rule, at_us);

-- How far the rules have read, and from when on: what was before does not count.
create table watch_cursor (
  name text not null primary key,
  began_us integer not null,
  read_us integer not null
) strict;

-- Which warnings of non-use were sent, for a time without use that began at used_us.
create table watch_warning (
  person text not null,
  used_us integer not null,
  nth integer not null,
  at_us integer not null,
  primary key (person, used_us, nth)
) strict;
-- +goose StatementBegin
create trigger watch_event_no_update before update on watch_event begin select raise(abort, 'watch_event is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger watch_event_no_delete before delete on watch_event begin select raise(abort, 'watch_event is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger watch_evidence_no_update before update on watch_evidence begin select raise(abort, 'watch_evidence is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger watch_evidence_no_delete before delete on watch_evidence begin select raise(abort, 'watch_evidence is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger watch_change_no_update before update on watch_change begin select raise(abort, 'watch_change is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger watch_change_no_delete before delete on watch_change begin select raise(abort, 'watch_change is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger watch_warning_no_update before update on watch_warning begin select raise(abort, 'watch_warning is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger watch_warning_no_delete before delete on watch_warning begin select raise(abort, 'watch_warning is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger watch_case_no_delete before delete on watch_case begin select raise(abort, 'watch_case is kept for good'); end;
-- +goose StatementEnd
