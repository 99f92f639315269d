-- Up Migration

create table attachments (
  service text not null references services (name) on delete cascade,
  kind text not null,
  function text not null,
  name text not null,
  record jsonb not null,
  primary key (service, kind, function, name)
);
comment on table attachments is 'what hangs on a service beside its versions: tags, VPC bindings, and per function and qualifier how it is called and kept warm';
comment on column attachments.function is 'empty where the attachment is the service''s own';
comment on column attachments.name is 'tag key, VPC id, or qualifier';
