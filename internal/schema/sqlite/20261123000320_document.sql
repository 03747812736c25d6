-- +goose Up
-- document: files that came with a request. Every row is written once; what
-- becomes of a document (attached, removed from its draft, opened by the plan)
-- is a row in a table of its own.
create table document (
  id text not null primary key,
  org text not null,
  member text not null,
  draft text not null,
  name text not null,
  kind text not null,
  type text not null,
  size integer not null,
  digest text not null,
  pages integer not null,
  blob text not null,
  person text not null,
  person_name text not null,
  at_us integer not null
) strict;
create index document_draft on document (draft, at_us);

create table document_removed (
  document text not null primary key,
  person text not null,
  at_us integer not null
) strict;

create table document_attached (
  document text not null primary key,
  request text not null,
  entry text not null,
  at_us integer not null
) strict;
create index document_attached_request on document_attached (request, at_us);

create table document_opened (
  document text not null primary key,
  person text not null,
  person_name text not null,
  at_us integer not null
) strict;
-- +goose StatementBegin
create trigger document_no_update before update on document begin select raise(abort, 'document is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger document_no_delete before delete on document begin select raise(abort, 'document is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger document_removed_no_update before update on document_removed begin select raise(abort, 'document_removed is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger document_removed_no_delete before delete on document_removed begin select raise(abort, 'document_removed is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger document_attached_no_update before update on document_attached begin select raise(abort, 'document_attached is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger document_attached_no_delete before delete on document_attached begin select raise(abort, 'document_attached is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger document_opened_no_update before update on document_opened begin select raise(abort, 'document_opened is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger document_opened_no_delete before delete on document_opened begin select raise(abort, 'document_opened is append-only'); end;
-- +goose StatementEnd
