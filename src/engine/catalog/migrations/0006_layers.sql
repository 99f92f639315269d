-- Up Migration

create table layers (
  name text primary key,
  next_version integer not null,
  is_public boolean not null default false
);
comment on column layers.next_version is 'numbers rise and are never used again, also when every version was deleted';

create table layer_versions (
  layer text not null references layers (name),
  version integer not null,
  record jsonb not null,
  primary key (layer, version)
);
comment on table layer_versions is 'what new functions can take; functions that took a version keep it after its deletion';
