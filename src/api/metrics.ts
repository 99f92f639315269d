/** What the API counts of itself, for Prometheus. Labels name routes and outcomes, never projects or people. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface ApiMetrics {
  readonly registry: Registry;
  readonly requests: Histogram<'method' | 'route' | 'status'>;
  readonly webhooks: Counter<'provider' | 'outcome'>;
  readonly refusedTokens: Counter;
  readonly streams: Gauge;
}

export function createApiMetrics(): ApiMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    requests: new Histogram({
      name: 'sluice_api_request_seconds',
      help: 'Time until an answer of the API was made',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers: [registry],
    }),
    webhooks: new Counter({
      name: 'sluice_webhook_deliveries_total',
      help: 'Webhook deliveries by provider and what came of them',
      labelNames: ['provider', 'outcome'],
      registers: [registry],
    }),
    refusedTokens: new Counter({
      name: 'sluice_api_refused_tokens_total',
      help: 'Requests with a token that is unknown, expired or revoked',
      registers: [registry],
    }),
    streams: new Gauge({
      name: 'sluice_api_event_streams',
      help: 'Readers of the live event stream',
      registers: [registry],
    }),
  };
}
