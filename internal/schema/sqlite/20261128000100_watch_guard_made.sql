-- +goose Up
-- watch: when the row of a guard was made. A person has one from her first
-- look-up on, before any was in vain: what is tried at once waits at it.
alter table watch_guard add column made_us integer not null default 0;
