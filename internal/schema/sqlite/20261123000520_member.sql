-- +goose Up
-- member: the people the plan covers, with their names folded for exact
-- matching, and which organizations have a reason to see whom.
create table member (
  id text not null primary key,
  number text not null,
  number_folded text not null unique,
  subscriber text not null,
  subscriber_folded text not null,
  relationship text not null,
  first text not null,
  first_folded text not null,
  middle text not null,
  last text not null,
  last_folded text not null,
  suffix text not null,
  birth text not null,
  gender text not null,
  street text not null,
  city text not null,
  state text not null,
  zip text not null,
  phone text not null,
  language text not null,
  changed_us integer not null
) strict;
create index member_name on member (last_folded, birth);
create index member_family on member (subscriber_folded, birth);

create table member_relation (
  org text not null,
  member text not null,
  since_us integer not null,
  person text not null,
  primary key (org, member)
) strict;
