-- Up Migration

create table async_calls (
  id bigint generated always as identity primary key,
  service text not null references services (name) on delete cascade,
  function text not null,
  qualifier text not null,
  invocation_id text not null,
  request_id text not null,
  payload bytea not null,
  config jsonb not null,
  status text not null,
  due_at timestamptz not null,
  expires_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz,
  failures integer not null default 0,
  refusals integer not null default 0,
  error text not null default '',
  destination_status text not null default ''
);
comment on table async_calls is 'calls that were answered 202: those still to be made, and stateful ones that ended, for a week';
comment on column async_calls.config is 'as it was when the call came in';
comment on column async_calls.due_at is 'when the next try is due; of a running call, when whoever runs it must have said that it still does';
comment on column async_calls.refusals is 'tries in a row that the platform refused; they use up no retry';
create index async_calls_due on async_calls (service, function, due_at) where ended_at is null;
create unique index async_calls_by_invocation on async_calls (service, function, invocation_id)
  where (config ->> 'statefulInvocation')::boolean;
create index async_calls_by_end on async_calls (ended_at) where ended_at is not null;
