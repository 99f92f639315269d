-- Up Migration

create table freezes (
  id text primary key,
  project text,
  environment text,
  reason text not null,
  freeze_window jsonb not null,
  under_way text not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  ended_by text
);
comment on column freezes.project is 'null: every project';
comment on column freezes.environment is 'name; null: every environment';
comment on column freezes.ended_at is 'ended by a person, whatever the window says';
create index freezes_open on freezes (id) where ended_at is null;

create table freeze_bypasses (
  id bigint generated always as identity primary key,
  freeze_id text not null references freezes (id),
  project text not null,
  environment text not null,
  release_id text references releases (id),
  until timestamptz,
  comment text not null,
  actor text not null,
  at timestamptz not null default now()
);
comment on column freeze_bypasses.release_id is 'null: every release of the environment';
comment on column freeze_bypasses.until is 'end of the stretch that it was given for; null: as long as the freeze';
create index freeze_bypasses_by_freeze on freeze_bypasses (freeze_id);

create table lane_notices (
  id bigint generated always as identity primary key,
  project text not null,
  environment text not null,
  next_at timestamptz not null default now(),
  created_at timestamptz not null default now()
);
comment on table lane_notices is 'lanes that are to look at their freezes again; a row goes when its lane was told';
