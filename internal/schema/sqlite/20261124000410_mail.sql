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
  at_us integer not null
) strict;
create index mail_sent_person on mail_sent (person, at_us, id);
-- +goose StatementBegin
create trigger mail_sent_no_update before update on mail_sent begin select raise(abort, 'mail_sent is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger mail_sent_no_delete before delete on mail_sent begin select raise(abort, 'mail_sent is append-only'); end;
-- +goose StatementEnd
