-- +goose Up
-- minimum: which facts about a member a role may be shown for a purpose, where
-- two people have changed it. A role and purpose without a row is as shipped.
create table minimum_field (
  role text not null,
  purpose text not null,
  fields text not null,
  version bigint not null,
  primary key (role, purpose)
);

-- A change that somebody proposed, made against a version of the table.
create table minimum_proposal (
  id text not null primary key,
  base bigint not null,
  person text not null,
  name text not null,
  reason text not null,
  at_us bigint not null
);
create index minimum_proposal_at on minimum_proposal (at_us);

-- What a proposal would make of one role's facts for one purpose.
create table minimum_change (
  proposal text not null references minimum_proposal (id),
  role text not null,
  purpose text not null,
  was text not null,
  becomes text not null,
  primary key (proposal, role, purpose)
);

-- How a proposal ended: approved, refused, withdrawn.
create table minimum_answer (
  proposal text not null primary key references minimum_proposal (id),
  answer text not null,
  person text not null,
  name text not null,
  reason text not null,
  at_us bigint not null
);

-- A version of the table: of two approvals at once, one makes the next.
create table minimum_version (
  version bigint not null primary key,
  proposal text not null references minimum_proposal (id),
  at_us bigint not null
);
-- +goose StatementBegin
create function minimum_refuse() returns trigger as $$ begin raise exception '% is append-only', tg_table_name; end $$ language plpgsql;
-- +goose StatementEnd
create trigger minimum_proposal_append_only before update or delete or truncate on minimum_proposal for each statement execute function minimum_refuse();
create trigger minimum_change_append_only before update or delete or truncate on minimum_change for each statement execute function minimum_refuse();
create trigger minimum_answer_append_only before update or delete or truncate on minimum_answer for each statement execute function minimum_refuse();
create trigger minimum_version_append_only before update or delete or truncate on minimum_version for each statement execute function minimum_refuse();
