-- +goose Up
-- A new request is in few of the lists: an index over the others alone costs
-- its submission nothing. The columns in front are what makes the planner take it.
drop index request_state_status;
drop index request_state_owner;
drop index request_state_urgency;
drop index request_state_referred;
drop index request_state_org_decided;
drop index request_state_org_status;
create index request_state_answered on request_state (pending, status, due_us, request) where pending = 1 and status = 'waiting for the plan';
create index request_state_asked on request_state (org, status, due_us, request) where status = 'waiting for the office';
create index request_state_owner on request_state (pending, owner, due_us, request) where pending = 1 and owner <> '';
create index request_state_expedited on request_state (pending, urgency, due_us, request) where pending = 1 and urgency = 'expedited';
create index request_state_referred on request_state (pending, referred, due_us, request) where pending = 1 and referred = 1;
create index request_state_decided on request_state (org, decided_us, request) where decided_us > 0;
