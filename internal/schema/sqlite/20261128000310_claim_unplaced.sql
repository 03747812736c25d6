-- +goose Up
-- claim: those of no organization in the directory, which are looked through
-- again whenever a file of the directory is loaded.
create index claim_unplaced on claim (id) where billing_org = '';
