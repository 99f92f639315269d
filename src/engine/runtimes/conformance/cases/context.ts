/** The context (runtimes.md §7). */
import { expect } from 'vitest';
import type { ConformanceCase } from '../case.ts';

export const CONTEXT: readonly ConformanceCase[] = [
  {
    title: 'has every member of the contract and nothing else',
    fixture: 'context',
    check: async (subject) => {
      const revision = await subject.define('context', {
        versionId: '7',
        memoryMb: 256,
        timeoutMs: 9_000,
        initializer: 'yes',
        initializationTimeoutMs: 8_000,
      });
      const result = await subject.invoke(revision, { requestId: 'abc', qualifier: 'PROD', retryCount: 2 });
      expect(JSON.parse(result.body.toString())).toEqual(
        subject.language.context({
          requestId: 'abc',
          credentials: { accessKeyId: '', accessKeySecret: '', securityToken: '' },
          function: {
            name: revision.function,
            handler: revision.handler,
            memory: 256,
            timeout: 9,
            initializer: revision.initializer,
            initializationTimeout: 8,
          },
          service: {
            name: 'shop',
            logProject: 'project',
            logStore: 'store',
            qualifier: 'PROD',
            versionId: '7',
          },
          region: 'cn-test',
          accountId: '1234567890123456',
          retryCount: 2,
        }),
      );
    },
  },
  {
    title: 'what one call changes in it, the next does not see',
    fixture: 'contextChange',
    check: async (subject) => {
      const revision = await subject.define('contextChange');
      await subject.invoke(revision);
      subject.expectAnswer(await subject.invoke(revision), 'ok', 'shop');
    },
  },
  {
    title: 'says of a probe that it is one, in the log too — its author may leave out what costs',
    fixture: 'probe',
    check: async (subject) => {
      const revision = await subject.define('probe');
      const probe = await subject.invoke(revision, { isProbe: true, retryCount: 5 });
      subject.expectAnswer(probe, 'ok', 'true 5');
      expect(probe.log.toString()).toContain('Sluice probe: a synthetic request');
      const call = await subject.invoke(revision);
      subject.expectAnswer(call, 'ok', 'false 0');
      expect(call.log.toString()).not.toContain('probe');
    },
  },
  {
    title: 'says of a traced call which span it belongs to',
    fixture: 'tracing',
    check: async (subject) => {
      const revision = await subject.define('tracing');
      const tracing = {
        openTracingSpanContext: '12:34:0:1',
        openTracingSpanBaggages: { key: 'val é' },
        jaegerEndpoint: 'http://jaeger.test/api/traces',
      };
      const traced = await subject.invoke(revision, { tracing, retryCount: 3 });
      subject.expectAnswer(traced, 'ok', '12:34:0:1 val é http://jaeger.test/api/traces');
    },
  },
];
