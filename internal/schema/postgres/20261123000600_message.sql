-- +goose Up
-- message: what an office and the plan wrote to each other about a request,
-- and what the plan's staff noted among themselves. Nothing is changed or removed.
create table message (
  id text not null primary key,
  request text not null,
  kind text not null,
  side bigint not null,
  org text not null,
  person text not null,
  name text not null,
  body text not null,
  entry text not null,
  at_us bigint not null
);
create index message_request on message (request, at_us, id);
-- +goose StatementBegin
create function message_refuse() returns trigger as $$ begin raise exception 'message is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger message_append_only before update or delete or truncate on message for each statement execute function message_refuse();
