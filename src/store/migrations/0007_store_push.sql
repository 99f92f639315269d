-- Up Migration

-- Both run under the lock that numbers a project's releases without gaps. They are functions because every round trip under
-- that lock makes all other pushes of the project wait, and on a busy machine a round trip takes longer than the work.
-- Each statement of a volatile function sees what was committed before it, so what is read behind the lock is true.

create function insert_release(made jsonb) returns text language plpgsql volatile as $$
declare
  found_id text;
begin
  perform pg_advisory_xact_lock(hashtextextended('release-number:' || (made->>'project'), 0));
  insert into releases (id, number, project, environment, ref, commit, before, author, message, cause, started_by,
    dry_run, dedupe_key, state, progress, created_at)
  select made->>'id', coalesce(max(number), 0) + 1, made->>'project', made->>'environment', made->>'ref',
    made->>'commit', made->>'before', made->>'author', made->>'message', made->>'cause',
    made->>'startedBy', (made->>'dryRun')::boolean, made->>'dedupeKey', 'queued', made->'progress',
    (made->>'at')::timestamptz
  from releases where project = made->>'project'
  on conflict (project, environment, dedupe_key) do nothing
  returning id into found_id;
  if found_id is null then
    select id into strict found_id from releases
    where project = made->>'project' and environment = made->>'environment'
      and dedupe_key = made->>'dedupeKey';
  elsif made->'outbox' <> 'null'::jsonb then
    insert into outbox (kind, release_id, payload) values ('push', found_id, made->'outbox');
  end if;
  return found_id;
end $$;
comment on function insert_release is 'stores a release and its hand-over, or finds the one of the same push; gives its id';

create function store_push(told jsonb, new_releases jsonb) returns text[] language plpgsql volatile as $$
declare
  made jsonb;
  ids text[] := '{}';
begin
  perform pg_advisory_xact_lock(hashtextextended('release-number:' || (told->>'project'), 0));
  if exists (
    select from deliveries d where d.project = told->>'project' and d.provider = told->>'provider'
      and d.delivery = told->>'delivery') then
    return null;
  end if;
  for made in select jsonb_array_elements(new_releases) loop
    if (select coalesce(max(q.id), 0) from quarantine q where q.project = made->>'project'
        and q.environment = made->>'environment' and q.commit = made->>'commit')
      <> (made->>'newestQuarantine')::bigint then
      return null;
    end if;
  end loop;
  for made in select jsonb_array_elements(new_releases) loop
    ids := ids || insert_release(made);
  end loop;
  insert into deliveries (project, provider, delivery, event, body_sha256, outcome)
  values (told->>'project', told->>'provider', told->>'delivery', told->>'event',
    told->>'bodySha256', jsonb_build_object('ignored', false, 'releases', to_jsonb(ids)));
  return ids;
end $$;
comment on function store_push is 'stores a delivery with its releases, or gives null when something has changed since it was read: read again';
