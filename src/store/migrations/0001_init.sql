-- Up Migration

create table projects (
  id text primary key,
  repository text not null,
  provider text not null,
  webhook_secret text not null,
  default_branch text not null default 'main',
  environments jsonb not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on column projects.id is 'the name, as it stands in URLs';
comment on column projects.webhook_secret is 'write only through the API; no query but the webhook''s reads it';

create table deliveries (
  id bigint generated always as identity primary key,
  project text not null,
  provider text not null,
  delivery text not null,
  event text not null,
  body_sha256 text not null,
  received_at timestamptz not null default now(),
  outcome jsonb not null,
  unique (project, provider, delivery)
);
comment on column deliveries.outcome is 'the answer that was given, so that a repeated delivery gets the same one';

create table releases (
  id text primary key,
  number integer not null,
  project text not null,
  environment text not null,
  ref text not null,
  commit text not null,
  before text not null default '',
  author text not null default '',
  message text not null default '',
  cause text not null,
  started_by text not null default '',
  dry_run boolean not null default false,
  dedupe_key text not null,
  state text not null,
  seq integer not null default 0,
  progress jsonb not null,
  created_at timestamptz not null default now(),
  unique (project, number),
  unique (project, environment, dedupe_key)
);
comment on column releases.dedupe_key is 'what makes a push the same push: ref, before, after and the provider''s own time of it';
comment on column releases.seq is 'sequence number of the newest event folded into progress';
create index releases_by_environment on releases (project, environment, number desc);
create index releases_by_state on releases (state) where state in ('queued', 'running', 'waiting-approval', 'paused');
create index releases_by_commit on releases (commit);

create table release_events (
  id bigint generated always as identity unique,
  release_id text not null references releases (id),
  seq integer not null,
  at timestamptz not null,
  type text not null,
  event jsonb not null,
  primary key (release_id, seq)
);
comment on table release_events is 'append only: the history; releases.progress is its fold';

create table evaluations (
  release_id text not null references releases (id),
  number integer not null,
  metric text not null,
  at timestamptz not null,
  look jsonb not null,
  state jsonb not null,
  primary key (release_id, metric, number)
);
comment on column evaluations.state is 'the judge''s state after the look, so that another worker can go on';

create table release_logs (
  id bigint generated always as identity primary key,
  release_id text not null references releases (id),
  stage text not null,
  at timestamptz not null default now(),
  stream text not null,
  line text not null
);
create index release_logs_by_release on release_logs (release_id, id);

create table outbox (
  id bigint generated always as identity primary key,
  kind text not null,
  release_id text not null references releases (id),
  payload jsonb not null,
  created_at timestamptz not null default now(),
  attempts integer not null default 0,
  next_at timestamptz not null default now(),
  done_at timestamptz
);
create index outbox_open on outbox (next_at) where done_at is null;

create table artifacts (
  sha256 text primary key,
  size bigint not null,
  provenance jsonb not null,
  created_at timestamptz not null default now()
);

create table publications (
  service text not null,
  release_id text not null references releases (id),
  version text not null,
  digest text not null,
  functions jsonb not null,
  published_at timestamptz not null default now(),
  primary key (service, release_id)
);
create index publications_by_version on publications (service, version);
comment on table publications is 'at most one version per service of a release, and what it was made of; two releases share a version where the second one''s code equals it';

create table service_locks (
  service text primary key,
  holder text not null,
  acquired_at timestamptz not null default now()
);
comment on table service_locks is 'LATEST of a service is shared: who may deploy and publish now';
comment on column service_locks.holder is 'id of the release, or rollback:<lane> while a person''s rollback puts LATEST back';

create table alias_states (
  service text not null,
  alias text not null,
  project text not null,
  environment text not null,
  stable text,
  canary text,
  weight double precision not null default 0,
  release_id text,
  changed_at timestamptz not null default now(),
  primary key (service, alias)
);
comment on table alias_states is 'what runs where, as Sluice last set it, and which environment owns the alias';

create table overrides (
  id bigint generated always as identity primary key,
  project text not null,
  environment text not null,
  service text not null,
  alias text not null,
  from_state jsonb not null,
  to_version text not null,
  actor text not null,
  comment text not null,
  at timestamptz not null default now()
);
comment on table overrides is 'a person moved an alias past the workflow; workflows yield to it';

create table tokens (
  id text primary key,
  name text not null,
  hash text not null unique,
  role text not null,
  projects jsonb not null default '[]',
  created_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz
);
comment on column tokens.hash is 'SHA-256 of the token; the token itself is shown once and kept nowhere';
comment on column tokens.projects is 'names of the projects it is good for; empty = all';

create table audit (
  id bigint primary key,
  at timestamptz not null,
  actor text not null,
  role text not null,
  action text not null,
  target text not null,
  outcome text not null,
  detail jsonb not null,
  previous_hash text not null,
  hash text not null
);
comment on table audit is 'append only; each hash covers the row and the hash before it';

create table parts (
  part text not null,
  instance text not null,
  detail jsonb not null,
  beat_at timestamptz not null default now(),
  primary key (part, instance)
);
comment on table parts is 'processes that say "I work" every few seconds; the database''s clock, so that machines need not agree';

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append only', tg_table_name;
end $$;
create trigger audit_append_only before update or delete on audit for each row execute function refuse_change();
create trigger release_events_append_only before update or delete on release_events for each row execute function refuse_change();
