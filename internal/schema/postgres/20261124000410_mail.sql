-- +goose Up
-- mail: what became of each message that the portal sent: to whom, of what kind,
-- to which domain. The address and the text are not kept. Nothing is changed or removed.
create table mail_sent (
  id text not null primary key,
  job text not null,
  person text not null,
  kind text not null,
  domain text not null,
  outcome text not null,
  at_us bigint not null
);
create index mail_sent_person on mail_sent (person, at_us, id);
-- +goose StatementBegin
create function mail_sent_refuse() returns trigger as $$ begin raise exception 'mail_sent is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger mail_sent_append_only before update or delete or truncate on mail_sent for each statement execute function mail_sent_refuse();
