-- +goose Up
-- locked: a PDF is encrypted, so that whoever opens it may need a password.
alter table document add column locked bigint not null default 0;
