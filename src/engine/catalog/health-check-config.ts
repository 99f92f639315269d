/** `customHealthCheckConfig` (fc-api.md §4): how the engine asks a function's own server whether it is well. */
import { z } from 'zod';
import { HEALTH_CHECK_PATH_RULE, HEALTH_CHECK_RANGES, isHealthCheckPath } from '../../domain/names/fc.ts';
import type { HealthCheck } from '../invoke/contract.ts';

const whole = (name: keyof typeof HEALTH_CHECK_RANGES) => {
  const { min, max, default: otherwise } = HEALTH_CHECK_RANGES[name];
  return z.int().min(min).max(max).default(otherwise);
};

export const HealthCheckConfig = z.object({
  /** Empty: no check. */
  httpGetUrl: z.string().refine(isHealthCheckPath, `must be ${HEALTH_CHECK_PATH_RULE}`).default(''),
  initialDelaySeconds: whole('initialDelaySeconds'),
  periodSeconds: whole('periodSeconds'),
  timeoutSeconds: whole('timeoutSeconds'),
  failureThreshold: whole('failureThreshold'),
  successThreshold: whole('successThreshold'),
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
