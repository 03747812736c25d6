-- +goose Up
-- sensitive: the operator's list of codes whose services the law protects
-- (begins: every code that begins so), and the labels that the plan has set on
-- single things. A label stays for good.
create table sensitive_code (
  system text not null,
  code text not null,
  begins bigint not null,
  category text not null,
  primary key (code, system, begins, category)
);

create table sensitive_label (
  subject text not null,
  category text not null,
  person text not null,
  at_us bigint not null,
  primary key (subject, category)
);
-- +goose StatementBegin
create function sensitive_refuse() returns trigger as $$ begin raise exception '% is append-only', tg_table_name; end $$ language plpgsql;
-- +goose StatementEnd
create trigger sensitive_label_append_only before update or delete or truncate on sensitive_label for each statement execute function sensitive_refuse();
