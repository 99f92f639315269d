-- Up Migration

create table custom_domains (
  name text primary key,
  generation bigint not null,
  record jsonb not null
);
comment on table custom_domains is 'host names of the account with their routes and certificates; private keys are in record';
