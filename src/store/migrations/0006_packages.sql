-- Up Migration

create table release_packages (
  release_id text primary key references releases (id),
  services jsonb not null,
  summary text not null,
  at timestamptz not null default now()
);
comment on table release_packages is 'what a release was built to: a retry goes on from here';
