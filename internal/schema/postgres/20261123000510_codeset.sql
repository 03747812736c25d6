-- +goose Up
-- codeset: the code tables the operator loaded. codeset_system says which
-- systems have one: without a table no code of the system is refused as unknown.
create table codeset_row (
  system text not null,
  code text not null,
  from_on text not null,
  to_on text not null,
  display text not null,
  display_folded text not null,
  primary key (system, code, from_on)
);

create table codeset_system (
  system text not null primary key,
  changed_us bigint not null
);
