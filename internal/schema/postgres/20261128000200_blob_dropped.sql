-- +goose Up
-- blob: sealed files that are not kept any more. Their keys are removed in the
-- same transaction; the row in blob stays, with digest and size. Held files
-- that were settled before are the first.
create table blob_dropped (
  name text not null primary key,
  at_us bigint not null
);
insert into blob_dropped (name, at_us)
  select h.blob, case when d.settled_us > 0 then d.settled_us else d.decided_us end from intake_held h join intake_decision d on d.held = h.id
  where d.state in ('refused', 'applied', 'failed');
delete from blob_key where name in (select name from blob_dropped);
