import { describe, expect, test } from 'vitest';
import { RING_BUCKET_MS, RING_KEEP_MS } from '../../domain/metrics/ring.ts';
import { createPrometheus } from './prometheus.ts';
import { PROBE_QUALIFIER, type Series } from './series.ts';
import { SeriesRegistry } from './series-registry.ts';

const KEY = { service: 'demo', function: 'hello', qualifier: 'PROD', version: '2' };
const OK = { error: null, coldStart: false, latencyMs: 10 };
const FAILED = { error: 'UnhandledInvocationError', coldStart: false, latencyMs: 10 };
const START = 1_750_000_000_000;

function open(): Series {
  return new SeriesRegistry([]).open(KEY);
}

describe('the ring', () => {
  test('counts in buckets of 5 s, and leaves empty ones out', () => {
    const series = open();
    series.count({ error: null, coldStart: true, latencyMs: 80 }, START);
    series.count(FAILED, START + 4_999);
    series.count(OK, START + 5_000);
    series.count(OK, START + 60_001);
    expect(series.read(0, START + 60_001, false)).toEqual({
      version: '2',
      totals: { requests: 4, failures: 1, coldStarts: 1 },
      consecutiveFailures: 0,
      buckets: [
        { at: START, requests: 2, failures: 1, coldStarts: 1 },
        { at: START + 5_000, requests: 1, failures: 0, coldStarts: 0 },
        { at: START + 60_000, requests: 1, failures: 0, coldStarts: 0 },
      ],
    });
  });

  test('counts failures since the last success', () => {
    const series = open();
    for (let index = 0; index < 3; index += 1) series.count(FAILED, START);
    expect(series.read(0, START, false).consecutiveFailures).toBe(3);
    series.count(OK, START);
    series.count(FAILED, START);
    expect(series.read(0, START, false).consecutiveFailures).toBe(1);
  });

  test('a refusal counts for neither side — it says nothing about the version', () => {
    const series = open();
    series.count(FAILED, START);
    series.countRefusal('ResourceExhausted');
    expect(series.read(0, START, false)).toMatchObject({
      totals: { requests: 1, failures: 1 },
      consecutiveFailures: 1,
    });
  });

  test('forgets buckets after two hours, totals never', () => {
    const series = open();
    for (let at = 0; at <= RING_KEEP_MS + 50_000; at += RING_BUCKET_MS) series.count(OK, START + at);
    const { buckets, totals } = series.read(0, START + RING_KEEP_MS + 50_000, false);
    expect(buckets).toHaveLength(RING_KEEP_MS / RING_BUCKET_MS + 1);
    expect(totals.requests).toBe(RING_KEEP_MS / RING_BUCKET_MS + 11);
  });

  test('a clock that is set back counts on in the newest bucket', () => {
    const series = open();
    series.count(OK, START + 5_000);
    series.count(OK, START - 60_000);
    expect(series.read(0, START + 5_000, false).buckets).toEqual([
      { at: START + 5_000, requests: 2, failures: 0, coldStarts: 0 },
    ]);
  });

  test('gives buckets from a time on', () => {
    const series = open();
    series.count(OK, START);
    series.count(OK, START + 5_000);
    expect(series.read(START + 1, START + 5_000, false).buckets.map(({ at }) => at)).toEqual([START + 5_000]);
  });

  test('keeps latencies per minute, cold starts apart', () => {
    const series = open();
    series.count({ ...OK, latencyMs: 1 }, START);
    series.count({ ...OK, latencyMs: 1 }, START);
    series.count({ ...OK, latencyMs: 1.05 }, START);
    series.count({ ...OK, latencyMs: 100, coldStart: true }, START);
    series.count({ error: 'InternalServerError', coldStart: false, latencyMs: null }, START);
    const minute = START - (START % 60_000);
    expect(series.read(0, START, true).latencies).toEqual([
      {
        at: minute,
        warm: [
          [0, 2],
          [1, 1],
        ],
        cold: [[95, 1]],
      },
    ]);
  });
});

describe('what is to be stored', () => {
  test('is what changed since the last time', () => {
    const series = open();
    series.count(OK, START);
    series.count(OK, START + 5_000);
    expect(series.takeChanges()?.buckets).toHaveLength(2);
    expect(series.takeChanges()).toBeUndefined();
    series.count(OK, START + 5_001);
    expect(series.takeChanges()?.buckets).toEqual([
      { at: START + 5_000, requests: 2, failures: 0, coldStarts: 0 },
    ]);
  });

  test('comes again when storing failed — with what happened meanwhile', () => {
    const series = open();
    series.count(OK, START);
    const changes = series.takeChanges();
    series.count(OK, START + 5_000);
    if (changes) series.restoreChanges(changes);
    expect(series.takeChanges()).toMatchObject({
      totals: { requests: 2 },
      buckets: [{ at: START }, { at: START + 5_000 }],
    });
  });

  test('brings a new process to the same state', () => {
    const series = open();
    series.count(FAILED, START);
    series.count({ ...FAILED, coldStart: true }, START + 5_000);
    const changes = series.takeChanges();
    const again = new SeriesRegistry(changes ? [changes] : []).open(KEY);
    expect(again.read(0, START + 5_000, true)).toEqual(series.read(0, START + 5_000, true));
  });
});

describe('the registry', () => {
  test('forgets what is gone — a new version of the same name starts from zero', () => {
    const registry = new SeriesRegistry([]);
    registry.open(KEY).count(OK, START);
    registry.open({ ...KEY, version: '3' }).count(OK, START);
    registry.retain('demo', ({ version }) => version !== '2');
    expect(registry.of('demo', 'hello', 'PROD').map(({ key }) => key.version)).toEqual(['3']);
    expect(registry.takeDropped()).toEqual([KEY]);
    expect(registry.open(KEY).read(0, START, false).totals.requests).toBe(0);
  });

  test('shows Prometheus what was counted', async () => {
    const registry = new SeriesRegistry([]);
    const series = registry.open(KEY);
    series.count({ error: null, coldStart: true, latencyMs: 7 }, START);
    series.count({ ...FAILED, latencyMs: 3_000 }, START);
    series.countRefusal('ResourceExhausted');
    const text = await createPrometheus(registry, () => ({
      instances: 2,
      busy: 1,
      waiting: 3,
      taken: 4,
    })).metrics();
    const labels = 'service="demo",function="hello",qualifier="PROD",version="2"';
    for (const line of [
      `sluice_engine_requests_total{${labels}} 2`,
      `sluice_engine_cold_starts_total{${labels}} 1`,
      `sluice_engine_errors_total{${labels},type="UnhandledInvocationError"} 1`,
      `sluice_engine_errors_total{${labels},type="ResourceExhausted"} 1`,
      `sluice_engine_invocation_duration_seconds_bucket{${labels},le="0.005"} 0`,
      `sluice_engine_invocation_duration_seconds_bucket{${labels},le="0.01"} 1`,
      `sluice_engine_invocation_duration_seconds_bucket{${labels},le="+Inf"} 2`,
      `sluice_engine_invocation_duration_seconds_sum{${labels}} 3.007`,
      `sluice_engine_invocation_duration_seconds_count{${labels}} 2`,
      'sluice_engine_instances 2',
      'sluice_engine_instances_busy 1',
      'sluice_engine_waiting_runtimes 3',
      'sluice_engine_waiting_runtimes_taken_total 4',
    ])
      expect(text).toContain(`${line}\n`);
  });

  test('shows Prometheus probes under a label of their own — a sum over a qualifier is of users alone', async () => {
    const registry = new SeriesRegistry([]);
    registry.open({ ...KEY, qualifier: PROBE_QUALIFIER }).count(FAILED, START);
    const text = await createPrometheus(registry, () => ({
      instances: 0,
      busy: 0,
      waiting: 0,
      taken: 0,
    })).metrics();
    const labels = 'service="demo",function="hello",version="2",probe="1"';
    expect(text).toContain(`sluice_engine_requests_total{${labels}} 1\n`);
    expect(text).toContain(`sluice_engine_errors_total{${labels},type="UnhandledInvocationError"} 1\n`);
    expect(text).not.toContain('qualifier=');
  });
});
