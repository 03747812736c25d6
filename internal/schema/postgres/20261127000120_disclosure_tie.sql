-- +goose Up
-- disclosure: why the organization could see the member.
alter table disclosure add column tie text not null default '';
