-- +goose Up
-- minimum: which facts about a member a role may be shown for a purpose, where
-- two people have changed it. A role and purpose without a row is as shipped.
create table minimum_field (
  role text not null,
  purpose text not null,
  fields text not null,
  version integer not null,
  primary key (role, purpose)
) strict;

-- A change that somebody proposed, made against a version of the table.
create table minimum_proposal (
  id text not null primary key,
  base integer not null,
  person text not null,
  name text not null,
  reason text not null,
  at_us integer not null
) strict;
create index minimum_proposal_at on minimum_proposal (at_us);

-- What a proposal would make of one role's facts for one purpose.
create table minimum_change (
  proposal text not null references minimum_proposal (id),
  role text not null,
  purpose text not null,
  was text not null,
  becomes text not null,
  primary key (proposal, role, purpose)
) strict;

-- How a proposal ended: approved, refused, withdrawn.
create table minimum_answer (
  proposal text not null primary key references minimum_proposal (id),
  answer text not null,
  person text not null,
  name text not null,
  reason text not null,
  at_us integer not null
) strict;

-- A version of the table: of two approvals at once, one makes the next.
create table minimum_version (
  version integer not null primary key,
  proposal text not null references minimum_proposal (id),
  at_us integer not null
) strict;
-- +goose StatementBegin
create trigger minimum_proposal_no_update before update on minimum_proposal begin select raise(abort, 'minimum_proposal is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger minimum_proposal_no_delete before delete on minimum_proposal begin select raise(abort, 'minimum_proposal is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger minimum_change_no_update before update on minimum_change begin select raise(abort, 'minimum_change is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger minimum_change_no_delete before delete on minimum_change begin select raise(abort, 'minimum_change is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger minimum_answer_no_update before update on minimum_answer begin select raise(abort, 'minimum_answer is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger minimum_answer_no_delete before delete on minimum_answer begin select raise(abort, 'minimum_answer is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger minimum_version_no_update before update on minimum_version begin select raise(abort, 'minimum_version is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger minimum_version_no_delete before delete on minimum_version begin select raise(abort, 'minimum_version is append-only'); end;
-- +goose StatementEnd
