-- Up Migration

create sequence revisions;
comment on sequence revisions is 'ETags: one counter for everything, so that a name that is created again never gets an old one';

create table services (
  name text primary key,
  generation bigint not null,
  next_version integer not null default 1,
  record jsonb not null
);
comment on column services.generation is 'raised by every write to the service or anything in it: two writers, one wins';
comment on column services.next_version is 'version numbers rise and are never used again, also after deletion';

create table functions (
  service text not null references services (name) on delete cascade,
  name text not null,
  record jsonb not null,
  primary key (service, name)
);

create table versions (
  service text not null references services (name) on delete cascade,
  version_id integer not null,
  record jsonb not null,
  primary key (service, version_id)
);
comment on column versions.record is 'a snapshot of the service and all its functions; never updated';

create table aliases (
  service text not null references services (name) on delete cascade,
  name text not null,
  record jsonb not null,
  primary key (service, name)
);

create table series (
  id integer generated always as identity primary key,
  service text not null,
  function text not null,
  qualifier text not null,
  version text not null,
  requests bigint not null default 0,
  failures bigint not null default 0,
  cold_starts bigint not null default 0,
  consecutive_failures bigint not null default 0,
  unique (service, function, qualifier, version)
);
comment on table series is 'what the judge reads: one version of a function as called through one qualifier, sums since its first call';

create table series_counts (
  series_id integer not null references series (id) on delete cascade,
  at timestamptz not null,
  requests integer not null,
  failures integer not null,
  cold_starts integer not null,
  primary key (series_id, at)
);
comment on table series_counts is 'buckets of 5 s, kept for two hours';
create index series_counts_by_age on series_counts (at);

create table series_latencies (
  series_id integer not null references series (id) on delete cascade,
  at timestamptz not null,
  warm jsonb not null,
  cold jsonb not null,
  primary key (series_id, at)
);
comment on table series_latencies is 'per minute: number of a 5 % latency bucket to count, cold starts apart; kept for two hours';
create index series_latencies_by_age on series_latencies (at);
