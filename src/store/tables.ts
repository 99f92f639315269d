/** Table types for Kysely, in step with `migrations/`. Rows as PostgreSQL gives them; `bigint` arrives as a string. */
import type { KeptService } from './packages.ts';
import type { RollbackRequest } from './rollback-intents.ts';
import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { Look } from '../domain/analysis/look.ts';
import type { FreezeWindow, UnderWay } from '../domain/freeze/freeze.ts';
import type { ChannelKind } from '../domain/notify/channel.ts';
import type { ReleaseEvent } from '../domain/release/events.ts';
import type { ReleaseProgress } from '../domain/release/progress.ts';
import type { ReleaseCause, ReleaseState, Role } from '../domain/release/states.ts';
import type { EnvironmentRecord } from '../domain/plan/environment.ts';

/** A time set by the database unless given. */
type Stamp = ColumnType<Date, Date | string | undefined, Date | string>;
/** JSON written as text: node-postgres would turn an array into a PostgreSQL array. */
type Json<T extends object | null> = JSONColumnType<T>;

export interface Tables {
  projects: {
    id: string;
    repository: string;
    provider: string;
    webhook_secret: string;
    default_branch: Generated<string>;
    environments: Json<EnvironmentRecord[]>;
    created_at: Stamp;
    updated_at: Stamp;
  };
  deliveries: {
    id: Generated<string>;
    project: string;
    provider: string;
    delivery: string;
    event: string;
    body_sha256: string;
    received_at: Stamp;
    outcome: Json<object>;
  };
  releases: {
    id: string;
    number: number;
    project: string;
    environment: string;
    ref: string;
    commit: string;
    before: Generated<string>;
    author: Generated<string>;
    message: Generated<string>;
    cause: ReleaseCause;
    started_by: Generated<string>;
    dry_run: Generated<boolean>;
    dedupe_key: string;
    state: ReleaseState;
    seq: Generated<number>;
    progress: Json<ReleaseProgress>;
    created_at: Stamp;
    committed_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  };
  release_events: {
    id: Generated<string>;
    release_id: string;
    seq: number;
    at: Stamp;
    type: string;
    event: Json<ReleaseEvent>;
  };
  evaluations: {
    release_id: string;
    number: number;
    metric: string;
    at: Stamp;
    look: Json<Look>;
    state: Json<object>;
  };
  release_logs: {
    id: Generated<string>;
    release_id: string;
    stage: string;
    at: Stamp;
    stream: string;
    line: string;
  };
  outbox: {
    id: Generated<string>;
    kind: string;
    release_id: string;
    payload: Json<object>;
    created_at: Stamp;
    attempts: Generated<number>;
    next_at: Stamp;
    done_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  };
  release_packages: {
    release_id: string;
    services: Json<readonly KeptService[]>;
    summary: string;
    at: Stamp;
  };
  artifacts: {
    sha256: string;
    size: ColumnType<string, number, never>;
    provenance: Json<object>;
    created_at: Stamp;
  };
  publications: {
    service: string;
    release_id: string;
    version: string;
    digest: string;
    functions: Json<object>;
    published_at: Stamp;
  };
  service_locks: {
    service: string;
    holder: string;
    acquired_at: Stamp;
  };
  alias_states: {
    service: string;
    alias: string;
    project: string;
    environment: string;
    stable: string | null;
    canary: string | null;
    weight: Generated<number>;
    release_id: string | null;
    changed_at: Stamp;
  };
  overrides: {
    id: Generated<string>;
    project: string;
    environment: string;
    service: string;
    alias: string;
    from_state: Json<object>;
    to_version: string;
    actor: string;
    comment: string;
    at: Stamp;
  };
  rollback_intents: {
    release_id: string;
    request: Json<RollbackRequest>;
    at: Stamp;
    next_at: Stamp;
  };
  freezes: {
    id: string;
    project: string | null;
    environment: string | null;
    reason: string;
    freeze_window: Json<FreezeWindow>;
    under_way: UnderWay;
    created_by: string;
    created_at: Stamp;
    ended_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
    ended_by: ColumnType<string | null, string | null | undefined, string | null>;
  };
  freeze_bypasses: {
    id: Generated<string>;
    freeze_id: string;
    project: string;
    environment: string;
    release_id: string | null;
    until: ColumnType<Date | null, Date | null, Date | null>;
    comment: string;
    actor: string;
    at: Stamp;
  };
  notification_channels: {
    project: string;
    name: string;
    kind: ChannelKind;
    url: string;
    secret: string;
    events: ColumnType<string[] | null, string | null, string | null>;
    created_at: Stamp;
  };
  notifications: {
    id: Generated<string>;
    delivery: string;
    project: string;
    channel: string;
    release_id: ColumnType<string | null, string | null | undefined, never>;
    seq: ColumnType<number | null, number | null | undefined, never>;
    event: string;
    release_state: ColumnType<ReleaseState | null, ReleaseState | null | undefined, never>;
    actor: Generated<string>;
    state: Generated<'waiting' | 'sent' | 'given-up'>;
    attempts: Generated<number>;
    next_at: Stamp;
    status: ColumnType<number | null, number | null | undefined, number | null>;
    answer: Generated<string>;
    created_at: Stamp;
    ended_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  };
  lane_notices: {
    id: Generated<string>;
    project: string;
    environment: string;
    next_at: Stamp;
    created_at: Stamp;
  };
  quarantine: {
    id: Generated<string>;
    project: string;
    environment: string;
    commit: string;
    release_id: string;
    reason: 'harmful' | 'bake' | 'person' | 'rejected';
    sentence: string;
    actor: string;
    at: Stamp;
    lifted_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
    lifted_by: ColumnType<string | null, string | null | undefined, string | null>;
    lifted_comment: ColumnType<string | null, string | null | undefined, string | null>;
  };
  tokens: {
    id: string;
    name: string;
    hash: string;
    role: Role;
    projects: ColumnType<string[], string | undefined, string>;
    created_by: string;
    created_at: Stamp;
    expires_at: ColumnType<Date | null, Date | string | null | undefined, Date | null>;
    last_used_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
    revoked_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  };
  audit: {
    id: ColumnType<string, number, never>;
    at: Stamp;
    actor: string;
    role: string;
    action: string;
    target: string;
    outcome: string;
    detail: Json<object>;
    previous_hash: string;
    hash: string;
  };
  parts: {
    part: string;
    instance: string;
    detail: Json<object>;
    beat_at: Stamp;
  };
}
