-- +goose Up
-- member: every statement of a visit is a row, a second one of the same day too.
drop index member_visit_once;
create index member_visit_of on member_visit (org, member, person);
