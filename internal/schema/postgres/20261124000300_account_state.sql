-- +goose Up
-- account: why an account or an access is closed, for whom a session acts, and
-- how far somebody has proved who she is.
alter table account_person add column state text not null default 'active';
alter table account_person add column state_cause text not null default '';
alter table account_person add column state_reason text not null default '';
alter table account_person add column state_by text not null default '';
alter table account_person add column state_us bigint not null default 0;
alter table account_person add column must_change bigint not null default 0;
alter table account_person add column used_us bigint not null default 0;
alter table account_person add column warned bigint not null default 0;
update account_person set state = 'suspended', state_cause = 'staff' where disabled = 1;
update account_person set used_us = case when signed_in_us > created_us then signed_in_us else created_us end;
create index account_person_used on account_person (state, used_us);

-- An account may work for several organizations: a billing firm's people do.
create table account_membership (
  person text not null references account_person (id),
  org text not null,
  org_name text not null,
  org_tin text not null,
  roles text not null,
  providers text not null,
  state text not null,
  state_cause text not null,
  state_reason text not null,
  state_by text not null,
  state_us bigint not null,
  since_us bigint not null,
  used_us bigint not null,
  confirmed_us bigint not null,
  primary key (person, org)
);
create index account_membership_org on account_membership (org, state, person);
insert into account_membership (person, org, org_name, org_tin, roles, providers, state, state_cause, state_reason, state_by, state_us, since_us, used_us, confirmed_us)
  select id, org, org_name, org_tin, roles, '', 'active', '', '', '', 0, created_us, signed_in_us, created_us from account_person;
alter table account_person drop column disabled;
alter table account_person drop column org_name;
alter table account_person drop column org_tin;
alter table account_person drop column roles;

-- An organization's standing with the portal; none is as open.
create table account_org (
  org text not null primary key,
  suspended bigint not null,
  view_us bigint not null,
  close_us bigint not null,
  reason text not null,
  person text not null,
  at_us bigint not null
);

-- proven_us: when the second factor was proven; 0 as long as only the first was.
-- strong_us: when the person last proved who she is.
alter table account_session add column org text not null default '';
alter table account_session add column proven_us bigint not null default 0;
alter table account_session add column strong_us bigint not null default 0;
alter table account_session add column how text not null default '';
update account_session set org = (select p.org from account_person p where p.id = account_session.person);
-- Single-use links sent by mail, by the hash of their secret.
create table account_link (
  token_hash bytea not null primary key,
  person text not null references account_person (id),
  made_us bigint not null,
  expires_us bigint not null,
  used_us bigint not null
);
create index account_link_person on account_link (person, made_us);
-- +goose StatementBegin
create function account_membership_refuse() returns trigger as $$ begin raise exception 'account_membership is kept for good'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger account_membership_kept before delete or truncate on account_membership for each statement execute function account_membership_refuse();
