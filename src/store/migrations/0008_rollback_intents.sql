-- Up Migration

create table rollback_intents (
  release_id text primary key references releases (id),
  request jsonb not null,
  at timestamptz not null default now(),
  next_at timestamptz not null
);
comment on table rollback_intents is 'rollbacks by hand that the API carries out itself, from before the first move until their record says the end; whoever claims a due one goes on';
comment on column rollback_intents.next_at is 'until then somebody is at it';
