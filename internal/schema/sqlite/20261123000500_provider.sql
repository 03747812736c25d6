-- +goose Up
-- provider: organizations and practitioners as the plan's credentialing lists them.
create table organization (
  id text not null primary key,
  name text not null,
  name_folded text not null,
  tin text not null,
  npi text not null unique,
  kind text not null,
  phone text not null,
  fax text not null,
  street text not null,
  city text not null,
  state text not null,
  zip text not null,
  in_network integer not null,
  changed_us integer not null
) strict;
create index organization_name on organization (name_folded);

create table practitioner (
  id text not null primary key,
  npi text not null unique,
  first text not null,
  last text not null,
  last_folded text not null,
  suffix text not null,
  specialty text not null,
  taxonomy text not null,
  org text not null,
  phone text not null,
  in_network integer not null,
  changed_us integer not null
) strict;
create index practitioner_last on practitioner (last_folded);
create index practitioner_org on practitioner (org, last_folded);
