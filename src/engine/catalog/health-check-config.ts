/** `customHealthCheckConfig` (fc-api.md §4): how the engine asks a function's own server whether it is well. */
import { z } from 'zod';
import type { HealthCheck } from '../invoke/contract.ts';

const seconds = (min: number, max: number, otherwise: number) => z.int().min(min).max(max).default(otherwise);

export const HealthCheckConfig = z.object({
  /** Empty, as some clients send it: no check. */
  httpGetUrl: z
    .string()
    .regex(/^(?:\/[\u0021-\u007e]*)?$/, 'must be a path that begins with /, with its query')
    .default(''),
  initialDelaySeconds: seconds(0, 120, 0),
  periodSeconds: seconds(1, 120, 3),
  timeoutSeconds: seconds(1, 3, 1),
  failureThreshold: z.int().min(1).max(120).default(3),
  successThreshold: z.int().min(1).max(120).default(1),
});

/** @param stored as a record has it: an older engine stored whatever it was sent, unread */
export function healthCheckOf(stored: unknown): HealthCheck | undefined {
  const { success, data } = HealthCheckConfig.safeParse(stored ?? {});
  if (!success || data.httpGetUrl === '') return undefined;
  return Object.freeze({
    path: data.httpGetUrl,
    initialDelayMs: data.initialDelaySeconds * 1_000,
    periodMs: data.periodSeconds * 1_000,
    timeoutMs: data.timeoutSeconds * 1_000,
    failures: data.failureThreshold,
    successes: data.successThreshold,
  });
}
