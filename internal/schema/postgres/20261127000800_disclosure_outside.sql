-- +goose Up
-- Finding lines by what was opened, and those that showed nothing. Both are
-- small: most lines are a look at a member's own page that showed it, and are
-- in neither.
create index disclosure_subject on disclosure (subject, at_us) where subject <> 'member';
create index disclosure_unshown on disclosure (outcome, at_us) where outcome <> 'shown';

-- What was disclosed outside the portal (to an agency, a court, by mistake),
-- written down by the plan's privacy officer. No line lacks what 45 CFR
-- 164.528(b)(2) asks for.
create table disclosure_outside (
  id text not null primary key,
  member text not null check (member <> ''),
  basis text not null check (basis <> ''),
  recipient text not null check (recipient <> ''),
  address text not null,
  description text not null check (description <> ''),
  purpose text not null check (purpose <> ''),
  on_day text not null check (on_day <> ''),
  person text not null check (person <> ''),
  name text not null,
  entry text not null,
  at_us bigint not null
);
create index disclosure_outside_member on disclosure_outside (member, on_day);

-- A line that was written down by mistake: it stays, and no accounting shows it.
create table disclosure_outside_withdrawn (
  outside text not null primary key references disclosure_outside (id),
  person text not null,
  name text not null,
  reason text not null check (reason <> ''),
  entry text not null,
  at_us bigint not null
);

-- An agency's word that telling the member would hinder it (45 CFR
-- 164.528(a)(2)): the line is left out of accountings until until_us.
create table disclosure_suspension (
  id text not null primary key,
  outside text not null references disclosure_outside (id),
  form text not null,
  official text not null check (official <> ''),
  statement text not null check (statement <> ''),
  since_us bigint not null,
  until_us bigint not null,
  person text not null,
  name text not null,
  entry text not null,
  at_us bigint not null
);
create index disclosure_suspension_outside on disclosure_suspension (outside, until_us);
-- +goose StatementBegin
create function disclosure_outside_refuse() returns trigger as $$ begin raise exception 'disclosure_outside is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger disclosure_outside_append_only before update or delete or truncate on disclosure_outside for each statement execute function disclosure_outside_refuse();
-- +goose StatementBegin
create function disclosure_outside_withdrawn_refuse() returns trigger as $$ begin raise exception 'disclosure_outside_withdrawn is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger disclosure_outside_withdrawn_append_only before update or delete or truncate on disclosure_outside_withdrawn for each statement execute function disclosure_outside_withdrawn_refuse();
-- +goose StatementBegin
create function disclosure_suspension_refuse() returns trigger as $$ begin raise exception 'disclosure_suspension is append-only'; end $$ language plpgsql;
-- +goose StatementEnd
create trigger disclosure_suspension_append_only before update or delete or truncate on disclosure_suspension for each statement execute function disclosure_suspension_refuse();
