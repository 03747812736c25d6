-- +goose Up
-- member: that somebody at an office stated that a member is being seen there,
-- and what a review of the statement found. Names are kept as they were then.
create table member_visit (
  id text not null primary key,
  org text not null,
  org_name text not null,
  member text not null,
  person text not null,
  username text not null,
  name text not null,
  session text not null,
  purpose text not null,
  visit_on text not null,
  note text not null,
  disclosure text not null,
  sampled integer not null,
  at_us integer not null,
  until_us integer not null
) strict;
create unique index member_visit_once on member_visit (org, member, person, visit_on);
create index member_visit_sample on member_visit (sampled, at_us);
create index member_visit_person on member_visit (person, at_us);
-- +goose StatementBegin
create trigger member_visit_no_update before update on member_visit begin select raise(abort, 'member_visit is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger member_visit_no_delete before delete on member_visit begin select raise(abort, 'member_visit is append-only'); end;
-- +goose StatementEnd
create table member_visit_review (
  visit text not null primary key,
  outcome text not null,
  note text not null,
  person text not null,
  name text not null,
  at_us integer not null
) strict;
-- +goose StatementBegin
create trigger member_visit_review_no_update before update on member_visit_review begin select raise(abort, 'member_visit_review is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger member_visit_review_no_delete before delete on member_visit_review begin select raise(abort, 'member_visit_review is append-only'); end;
-- +goose StatementEnd
