-- Up Migration

create table quarantine (
  id bigint generated always as identity primary key,
  project text not null,
  environment text not null,
  commit text not null,
  release_id text not null references releases (id),
  reason text not null,
  sentence text not null,
  actor text not null,
  at timestamptz not null default now(),
  lifted_at timestamptz,
  lifted_by text,
  lifted_comment text
);
comment on table quarantine is 'commits that were taken back: no push releases them again until somebody lifts the row';
comment on column quarantine.reason is 'harmful, bake, person or rejected';
create unique index quarantine_open on quarantine (project, environment, commit) where lifted_at is null;
create index quarantine_by_commit on quarantine (project, environment, commit, id desc);
