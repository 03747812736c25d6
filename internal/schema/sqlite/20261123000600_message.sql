-- +goose Up
-- message: what an office and the plan wrote to each other about a request,
-- and what the plan's staff noted among themselves. Nothing is changed or removed.
create table message (
  id text not null primary key,
  request text not null,
  kind text not null,
  side integer not null,
  org text not null,
  person text not null,
  name text not null,
  body text not null,
  entry text not null,
  at_us integer not null
) strict;
create index message_request on message (request, at_us, id);
-- +goose StatementBegin
create trigger message_no_update before update on message begin select raise(abort, 'message is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger message_no_delete before delete on message begin select raise(abort, 'message is append-only'); end;
-- +goose StatementEnd
