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
  size bigint not null,
  digest text not null,
  pages bigint not null,
  blob text not null,
  person text not null,
  person_name text not null,
  at_us bigint not null
);
create index document_draft on document (draft, at_us);

create table document_removed (
  document text not null primary key,
  person text not null,
  at_us bigint not null
);

create table document_attached (
  document text not null primary key,
  request text not null,
  entry text not null,
  at_us bigint not null
);
create index document_attached_request on document_attached (request, at_us);

create table document_opened (
  document text not null primary key,
  person text not null,
  person_name text not null,
  at_us bigint not null
);
-- +goose StatementBegin
create function document_refuse() returns trigger as $$ begin raise exception '% is append-only', tg_table_name; end $$ language plpgsql;
-- +goose StatementEnd
create trigger document_append_only before update or delete or truncate on document for each statement execute function document_refuse();
create trigger document_removed_append_only before update or delete or truncate on document_removed for each statement execute function document_refuse();
create trigger document_attached_append_only before update or delete or truncate on document_attached for each statement execute function document_refuse();
create trigger document_opened_append_only before update or delete or truncate on document_opened for each statement execute function document_refuse();
