-- +goose Up
-- privacy: what members ask for under the privacy rule, what became of it, and
-- the weekly review. What was asked never changes; what moves stands beside it.
create table privacy_case (
  id text not null primary key,
  kind text not null,
  member text not null,
  asked text not null,
  channel text not null,
  received_us integer not null,
  rule text not null,
  rule_version integer not null,
  limit_us integer not null,
  free integer not null,
  person text not null,
  name text not null,
  entry text not null,
  at_us integer not null
) strict;
create index privacy_case_member on privacy_case (member, kind, received_us);

create table privacy_case_state (
  case_id text not null primary key references privacy_case (id),
  kind text not null,
  pending integer not null,
  version integer not null,
  outcome text not null,
  extended integer not null,
  limit_us integer not null,
  changed_us integer not null
) strict;
create index privacy_case_state_due on privacy_case_state (pending, limit_us, case_id);
create index privacy_case_state_changed on privacy_case_state (pending, changed_us, case_id);

create table privacy_event (
  id text not null primary key,
  case_id text not null references privacy_case (id),
  nth integer not null,
  kind text not null,
  text text not null,
  person text not null,
  name text not null,
  entry text not null,
  at_us integer not null,
  unique (case_id, nth)
) strict;

-- A part of the record that an amendment is about.
create table privacy_linked (
  case_id text not null references privacy_case (id),
  subject text not null,
  request text not null,
  number text not null,
  at_us integer not null,
  primary key (case_id, subject)
) strict;
create index privacy_linked_request on privacy_linked (request, case_id);

-- Who was shown what was amended, and has to be told.
create table privacy_recipient (
  case_id text not null references privacy_case (id),
  org text not null,
  name text not null,
  last_us integer not null,
  at_us integer not null,
  primary key (case_id, org)
) strict;

create table privacy_told (
  case_id text not null references privacy_case (id),
  org text not null,
  how text not null,
  person text not null,
  name text not null,
  at_us integer not null,
  primary key (case_id, org)
) strict;

-- That somebody at the plan has reviewed a week, which begins on a Monday.
create table privacy_signoff (
  week text not null primary key,
  reviewed integer not null,
  remaining integer not null,
  own integer not null,
  note text not null,
  person text not null,
  name text not null,
  entry text not null,
  at_us integer not null
) strict;

-- Which word was sent by mail, so that it is sent once.
create table privacy_reminder (
  about text not null primary key,
  at_us integer not null
) strict;
-- +goose StatementBegin
create trigger privacy_case_no_update before update on privacy_case begin select raise(abort, 'privacy_case is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger privacy_case_no_delete before delete on privacy_case begin select raise(abort, 'privacy_case is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger privacy_event_no_update before update on privacy_event begin select raise(abort, 'privacy_event is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger privacy_event_no_delete before delete on privacy_event begin select raise(abort, 'privacy_event is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger privacy_linked_no_update before update on privacy_linked begin select raise(abort, 'privacy_linked is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger privacy_linked_no_delete before delete on privacy_linked begin select raise(abort, 'privacy_linked is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger privacy_recipient_no_update before update on privacy_recipient begin select raise(abort, 'privacy_recipient is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger privacy_recipient_no_delete before delete on privacy_recipient begin select raise(abort, 'privacy_recipient is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger privacy_told_no_update before update on privacy_told begin select raise(abort, 'privacy_told is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger privacy_told_no_delete before delete on privacy_told begin select raise(abort, 'privacy_told is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger privacy_signoff_no_update before update on privacy_signoff begin select raise(abort, 'privacy_signoff is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger privacy_signoff_no_delete before delete on privacy_signoff begin select raise(abort, 'privacy_signoff is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger privacy_reminder_no_update before update on privacy_reminder begin select raise(abort, 'privacy_reminder is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger privacy_reminder_no_delete before delete on privacy_reminder begin select raise(abort, 'privacy_reminder is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger privacy_case_state_no_delete before delete on privacy_case_state begin select raise(abort, 'privacy_case_state is kept for good'); end;
-- +goose StatementEnd
