-- Up Migration

create table notification_channels (
  project text not null references projects (id) on delete cascade,
  name text not null,
  kind text not null,
  url text not null,
  secret text not null,
  events jsonb,
  created_at timestamptz not null default now(),
  primary key (project, name)
);
comment on column notification_channels.secret is 'write only through the API; no query but the dispatcher''s reads it';
comment on column notification_channels.events is 'types of events that are sent; null: as the commit''s plan says, else the usual ones';

create table notifications (
  id bigint generated always as identity primary key,
  delivery text not null unique,
  project text not null,
  channel text not null,
  release_id text references releases (id),
  seq integer,
  event text not null,
  release_state text,
  actor text not null default '',
  state text not null default 'waiting',
  attempts integer not null default 0,
  next_at timestamptz not null default now(),
  status integer,
  answer text not null default '',
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  unique (channel, release_id, seq)
);
comment on table notifications is 'outbox: what is to be sent, and what became of it';
comment on column notifications.delivery is 'the same over all tries, so that a receiver can tell a repetition';
comment on column notifications.release_id is 'null: a message to try the channel';
comment on column notifications.release_state is 'state of the release after the event';
comment on column notifications.actor is 'who asked for a message to try the channel';
comment on column notifications.state is 'waiting, sent or given-up';
comment on column notifications.attempts is 'tries that were begun';
create index notifications_open on notifications (next_at) where state = 'waiting';
create index notifications_before on notifications (release_id, channel, id) where state = 'waiting';
create index notifications_by_channel on notifications (project, channel, id desc);

alter table releases add column committed_at timestamptz;
comment on column releases.committed_at is 'the commit''s own time, known once the source stage read it';
create index release_events_of_figures on release_events (at)
  where type in ('traffic', 'promoted', 'rollback-started', 'rolled-back');
