-- Up Migration

create table timers (
  service text not null,
  function text not null,
  name text not null,
  due_at timestamptz not null,
  primary key (service, function, name),
  foreign key (service, function, name) references triggers (service, function, name) on delete cascade
);
comment on table timers is 'when each timer trigger that is switched on fires next; written with the trigger';
create index timers_due on timers (due_at);

-- Triggers of before: due at once, and from then on by their expression.
insert into timers (service, function, name, due_at)
select service, function, name, now() from triggers
where record ->> 'type' = 'timer' and (record -> 'config' ->> 'enable')::boolean;
