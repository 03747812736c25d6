-- +goose Up
-- privacy: what members ask for under the privacy rule, what became of it, and
-- the weekly review. What was asked never changes; what moves stands beside it.
create table privacy_case (
  id text not null primary key,
  kind text not null,
  member text not null,
  asked text not null,
  channel text not null,
  received_us bigint not null,
  rule text not null,
  rule_version bigint not null,
  limit_us bigint not null,
  free bigint not null,
  person text not null,
  name text not null,
  entry text not null,
  at_us bigint not null
);
create index privacy_case_member on privacy_case (member, kind, received_us);

create table privacy_case_state (
  case_id text not null primary key references privacy_case (id),
  kind text not null,
  pending bigint not null,
  version bigint not null,
  outcome text not null,
  extended bigint not null,
  limit_us bigint not null,
  changed_us bigint not null
);
create index privacy_case_state_due on privacy_case_state (pending, limit_us, case_id);
create index privacy_case_state_changed on privacy_case_state (pending, changed_us, case_id);

create table privacy_event (
  id text not null primary key,
  case_id text not null references privacy_case (id),
  nth bigint not null,
  kind text not null,
  text text not null,
  person text not null,
  name text not null,
  entry text not null,
  at_us bigint not null,
  unique (case_id, nth)
);

-- A part of the record that an amendment is about.
create table privacy_linked (
  case_id text not null references privacy_case (id),
  subject text not null,
  request text not null,
  number text not null,
  at_us bigint not null,
  primary key (case_id, subject)
);
create index privacy_linked_request on privacy_linked (request, case_id);

-- Who was shown what was amended, and has to be told.
create table privacy_recipient (
  case_id text not null references privacy_case (id),
  org text not null,
  name text not null,
  last_us bigint not null,
  at_us bigint not null,
  primary key (case_id, org)
);

create table privacy_told (
  case_id text not null references privacy_case (id),
  org text not null,
  how text not null,
  person text not null,
  name text not null,
  at_us bigint not null,
  primary key (case_id, org)
);

-- That somebody at the plan has reviewed a week, which begins on a Monday.
create table privacy_signoff (
  week text not null primary key,
  reviewed bigint not null,
  remaining bigint not null,
  own bigint not null,
  note text not null,
  person text not null,
  name text not null,
  entry text not null,
  at_us bigint not null
);

-- Which word was sent by mail, so that it is sent once.
create table privacy_reminder (
  about text not null primary key,
  at_us bigint not null
);
-- +goose StatementBegin
create function privacy_case_refuse() returns trigger as $$ begin raise exception 'privacy_case is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger privacy_case_append_only before update or delete or truncate on privacy_case for each statement execute function privacy_case_refuse();
-- +goose StatementBegin
create function privacy_event_refuse() returns trigger as $$ begin raise exception 'privacy_event is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger privacy_event_append_only before update or delete or truncate on privacy_event for each statement execute function privacy_event_refuse();
-- +goose StatementBegin
create function privacy_linked_refuse() returns trigger as $$ begin raise exception 'privacy_linked is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger privacy_linked_append_only before update or delete or truncate on privacy_linked for each statement execute function privacy_linked_refuse();
-- +goose StatementBegin
create function privacy_recipient_refuse() returns trigger as $$ begin raise exception 'privacy_recipient is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger privacy_recipient_append_only before update or delete or truncate on privacy_recipient for each statement execute function privacy_recipient_refuse();
-- +goose StatementBegin
create function privacy_told_refuse() returns trigger as $$ begin raise exception 'privacy_told is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger privacy_told_append_only before update or delete or truncate on privacy_told for each statement execute function privacy_told_refuse();
-- +goose StatementBegin
create function privacy_signoff_refuse() returns trigger as $$ begin raise exception 'privacy_signoff is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger privacy_signoff_append_only before update or delete or truncate on privacy_signoff for each statement execute function privacy_signoff_refuse();
-- +goose StatementBegin
create function privacy_reminder_refuse() returns trigger as $$ begin raise exception 'privacy_reminder is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger privacy_reminder_append_only before update or delete or truncate on privacy_reminder for each statement execute function privacy_reminder_refuse();
-- +goose StatementBegin
create function privacy_case_state_refuse() returns trigger as $$ begin raise exception 'privacy_case_state is kept for good'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger privacy_case_state_kept before delete or truncate on privacy_case_state for each statement execute function privacy_case_state_refuse();
