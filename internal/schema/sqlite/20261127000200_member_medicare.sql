-- +goose Up
-- member: the Medicare number, as it is compared: capitals without dashes.
alter table member add column medicare text not null default '';
create index member_medicare on member (medicare, birth);
