-- Up Migration

create table triggers (
  service text not null,
  function text not null,
  name text not null,
  record jsonb not null,
  primary key (service, function, name),
  foreign key (service, function) references functions (service, name) on delete cascade
);
comment on table triggers is 'what calls a function; not part of a version (guide, chapter 2)';
