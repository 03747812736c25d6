-- +goose Up
-- priorauth: drafts are the office's own working paper and may change; a
-- submitted request, its lines, events and determinations never do. What moves
-- (status, owner, version) stands beside the request in request_state.
create table draft (
  id text not null primary key,
  org text not null,
  member text not null,
  person text not null,
  person_name text not null,
  version integer not null,
  state text not null,
  form blob not null,
  saved_us integer not null,
  saved_by text not null
) strict;
create index draft_org on draft (org, state, saved_us);

create table request (
  id text not null primary key,
  number text not null unique,
  org text not null,
  org_name text not null,
  trace text not null,
  door text not null,
  member text not null,
  member_initials text not null,
  kind text not null,
  urgency text not null,
  statement text not null,
  statement_by text not null,
  requesting_npi text not null,
  servicing_npi text not null,
  diagnoses text not null,
  service text not null,
  notes text not null,
  contact_name text not null,
  contact_phone text not null,
  admit_on text not null,
  received_us integer not null,
  rule text not null,
  rule_version integer not null,
  target_us integer not null,
  limit_us integer not null,
  person text not null,
  person_name text not null,
  entry text not null,
  digest blob not null,
  unique (org, door, trace)
) strict;
create index request_member on request (member, received_us);

create table request_line (
  id text not null primary key,
  request text not null,
  no integer not null,
  code text not null,
  system text not null,
  modifiers text not null,
  units integer not null,
  unit_kind text not null,
  from_on text not null,
  to_on text not null,
  place text not null,
  note text not null,
  unique (request, no)
) strict;

create table request_state (
  request text not null primary key,
  org text not null,
  version integer not null,
  status text not null,
  pending integer not null,
  urgency text not null,
  owner text not null,
  owner_name text not null,
  specialty text not null,
  referred integer not null,
  due_us integer not null,
  limit_us integer not null,
  lapsed integer not null,
  changed_us integer not null,
  decided_us integer not null,
  last_on text not null
) strict;
create index request_state_queue on request_state (pending, due_us, request);
create index request_state_status on request_state (pending, status, due_us, request);
create index request_state_owner on request_state (pending, owner, due_us, request);
create index request_state_urgency on request_state (pending, urgency, due_us, request);
create index request_state_referred on request_state (pending, referred, due_us, request);
create index request_state_org on request_state (org, pending, due_us, request);
create index request_state_org_changed on request_state (org, changed_us, request);
create index request_state_org_decided on request_state (org, decided_us, request);
create index request_state_org_status on request_state (org, status, due_us, request);

create table request_event (
  id text not null primary key,
  request text not null,
  at_us integer not null,
  person text not null,
  name text not null,
  side integer not null,
  door text not null,
  kind text not null,
  what text not null,
  office integer not null,
  entry text not null
) strict;
create index request_event_request on request_event (request, at_us, id);

create table determination (
  id text not null primary key,
  request text not null,
  person text not null,
  name text not null,
  licence text not null,
  at_us integer not null,
  entry text not null
) strict;
create index determination_request on determination (request, at_us);

create table determination_line (
  determination text not null,
  line text not null,
  action text not null,
  units integer not null,
  from_on text not null,
  to_on text not null,
  reason text not null,
  criterion text not null,
  narrative text not null,
  primary key (determination, line)
) strict;
create index determination_line_line on determination_line (line);
-- +goose StatementBegin
create trigger request_no_update before update on request begin select raise(abort, 'request is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger request_no_delete before delete on request begin select raise(abort, 'request is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger request_line_no_update before update on request_line begin select raise(abort, 'request_line is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger request_line_no_delete before delete on request_line begin select raise(abort, 'request_line is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger request_event_no_update before update on request_event begin select raise(abort, 'request_event is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger request_event_no_delete before delete on request_event begin select raise(abort, 'request_event is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger determination_no_update before update on determination begin select raise(abort, 'determination is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger determination_no_delete before delete on determination begin select raise(abort, 'determination is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger determination_line_no_update before update on determination_line begin select raise(abort, 'determination_line is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger determination_line_no_delete before delete on determination_line begin select raise(abort, 'determination_line is append-only'); end;
-- +goose StatementEnd
