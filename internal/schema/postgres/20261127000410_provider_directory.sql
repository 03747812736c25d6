-- +goose Up
-- provider: the directory is searched by specialty and by place as well.
-- Cities that are known are folded as Fold does, but for accents and doubled
-- spaces: those follow when the organization changes.
alter table organization add column city_folded text not null default '';
update organization set city_folded = trim(replace(replace(replace(replace(lower(city), '.', ''), '''', ''), '’', ''), '-', ' '));
create index organization_city on organization (city_folded, name_folded);
create index organization_zip on organization (zip);
create index practitioner_specialty on practitioner (specialty, last_folded);
