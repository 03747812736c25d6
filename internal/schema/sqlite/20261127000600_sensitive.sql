-- +goose Up
-- sensitive: the operator's list of codes whose services the law protects
-- (begins: every code that begins so), and the labels that the plan has set on
-- single things. A label stays for good.
create table sensitive_code (
  system text not null,
  code text not null,
  begins integer not null,
  category text not null,
  primary key (code, system, begins, category)
) strict;

create table sensitive_label (
  subject text not null,
  category text not null,
  person text not null,
  at_us integer not null,
  primary key (subject, category)
) strict;
-- +goose StatementBegin
create trigger sensitive_label_no_update before update on sensitive_label begin select raise(abort, 'sensitive_label is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger sensitive_label_no_delete before delete on sensitive_label begin select raise(abort, 'sensitive_label is append-only'); end;
-- +goose StatementEnd
