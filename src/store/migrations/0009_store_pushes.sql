-- Up Migration

-- What `store_push` (0007) does, for many pushes in one pass: fifty in a row took three times as long, and all that came in
-- the same moment waited for them. `store_push` stays for an API of the version before, which may run beside a newer one.

create function store_pushes(told jsonb) returns table (place integer, current boolean, ids text[])
language plpgsql volatile
-- Planning takes longer than storing, and how many pushes there are does not change the best plan.
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  -- In the order of the names, so that two that store for the same projects never wait for each other.
  perform pg_advisory_xact_lock(hashtextextended('release-number:' || named.project, 0))
  from (
    select distinct push.project collate "C" as project from jsonb_to_recordset(told) as push (project text) order by 1
  ) as named;
  -- Whoever writes these rows holds the lock of their project, so what this statement reads is true until the commit.
  return query
  with pushes as materialized (
    select
      push.*,
      push.version is null
        or exists (select from projects p where p.id = push.project and p.xmin::text = push.version) as current,
      row_number() over (partition by push.project, push.provider, push.delivery order by push.place) = 1
        and (
          select d.id from deliveries d
          where d.project = push.project and d.provider = push.provider and d.delivery = push.delivery) is null as is_new
    from jsonb_to_recordset(told) as push (
      place integer, project text, provider text, delivery text, event text, "bodySha256" text, version text,
      releases jsonb)
  ), asked as materialized (
    select push.place, made.*,
      (select r.id from releases r
        where r.project = push.project and r.environment = made.environment and r.dedupe_key = made."dedupeKey") as found,
      (select coalesce(max(q.id), 0) from quarantine q
        where q.project = push.project and q.environment = made.environment and q.commit = made.commit)
        = made."newestQuarantine" as is_known
    from pushes push, rows from (jsonb_to_recordset(push.releases) as (
      id text, project text, environment text, ref text, commit text, before text, author text, message text, cause text,
      "startedBy" text, "dryRun" boolean, "dedupeKey" text, progress jsonb, at timestamptz, outbox jsonb,
      "newestQuarantine" bigint)) with ordinality as made (
      id, project, environment, ref, commit, before, author, message, cause, "startedBy", "dryRun", "dedupeKey", progress,
      at, outbox, "newestQuarantine", ordinal)
    where push.current and push.is_new
  ), taken as materialized (
    select asked.*, first_value(asked.id) over (
      partition by asked.project, asked.environment, asked."dedupeKey" order by asked.place, asked.ordinal) as first_id
    from asked
    where not exists (select from asked other where other.place = asked.place and not other.is_known)
  ), made as materialized (
    insert into releases (id, number, project, environment, ref, commit, before, author, message, cause, started_by,
      dry_run, dedupe_key, state, progress, created_at)
    select taken.id,
      (select coalesce(max(r.number), 0) from releases r where r.project = taken.project)
        + row_number() over (partition by taken.project order by taken.place, taken.ordinal),
      taken.project, taken.environment, taken.ref, taken.commit, taken.before, taken.author, taken.message, taken.cause,
      taken."startedBy", taken."dryRun", taken."dedupeKey", 'queued', taken.progress, taken.at
    from taken where taken.found is null and taken.id = taken.first_id
    returning id
  ), handed_over as (
    insert into outbox (kind, release_id, payload)
    select 'push', taken.id, taken.outbox from taken join made using (id)
    where taken.outbox <> 'null'::jsonb
    order by taken.place, taken.ordinal
  ), answered as materialized (
    select taken.place, array_agg(coalesce(taken.found, taken.first_id) order by taken.ordinal) as ids
    from taken group by taken.place
  ), remembered as (
    insert into deliveries (project, provider, delivery, event, body_sha256, outcome)
    select push.project, push.provider, push.delivery, push.event, push."bodySha256",
      jsonb_build_object('ignored', false, 'releases', to_jsonb(answered.ids))
    from answered join pushes push using (place)
    order by place
  )
  select push.place, push.current, answered.ids from pushes push left join answered using (place);
end $$;
comment on function store_pushes is 'stores deliveries with their releases in the order of their places; without ids where something has changed since it was read: read again';
