-- +goose Up
-- glass: a member's information opened with a reason, for an hour (S-02, 45
-- CFR 164.312(a)(2)(ii)). Rows of it are never changed.
create table glass_opening (
  id text not null primary key,
  member text not null,
  kind text not null,
  purpose text not null,
  reason text not null,
  person text not null,
  username text not null,
  name text not null,
  org text not null,
  org_name text not null,
  session text not null,
  address text not null,
  at_us bigint not null,
  until_us bigint not null,
  entry text not null
);
create index glass_opening_at on glass_opening (at_us);

-- What is open in a session right now.
create table glass_open (
  session text not null,
  member text not null,
  opening text not null references glass_opening (id),
  person text not null,
  until_us bigint not null,
  primary key (session, member)
);

-- What became of an opening: ended by hand, reviewed.
create table glass_step (
  id text not null primary key,
  opening text not null references glass_opening (id),
  what text not null,
  outcome text not null,
  note text not null,
  person text not null,
  name text not null,
  at_us bigint not null
);
create index glass_step_opening on glass_step (opening, at_us);

-- An opening that waits for its review.
create table glass_waiting (
  opening text not null primary key references glass_opening (id),
  at_us bigint not null
);
create index glass_waiting_at on glass_waiting (at_us);
-- +goose StatementBegin
create function glass_refuse() returns trigger as $$ begin raise exception '% is append-only', tg_table_name; end $$ language plpgsql;
-- +goose StatementEnd
create trigger glass_opening_append_only before update or delete or truncate on glass_opening for each statement execute function glass_refuse();
create trigger glass_step_append_only before update or delete or truncate on glass_step for each statement execute function glass_refuse();
