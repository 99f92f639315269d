/** `POST /2016-08-15/_sluice/events`: an event of another product, brought to every trigger that is bound to its source. */
import { randomUUID } from 'node:crypto';
import { DEFAULT_ASYNC_CONFIG } from '../catalog/async-configs.ts';
import { attachmentOf } from '../catalog/attachments.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { json, type Operation } from '../http/operation.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { AsyncQueue } from './queue.ts';
import { deliveryFor, SourceEvent } from './source-events.ts';

export interface EventOptions {
  readonly catalog: Catalog;
  readonly queue: AsyncQueue;
  readonly dispatcher: Pick<Dispatcher, 'wake'>;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export function eventOperations({ catalog, queue, dispatcher, now }: EventOptions): Operation[] {
  return [
    {
      name: 'DeliverEvent',
      method: 'POST',
      path: '/_sluice/events',
      input: SourceEvent,
      async run(call) {
        const event = call.body(SourceEvent);
        const delivered: object[] = [];
        for (const [service, state] of catalog.services)
          for (const trigger of state.triggers.values()) {
            const document = deliveryFor(trigger, event, now());
            if (document === undefined) continue;
            const requestId = randomUUID();
            const { function: functionName, qualifier, name } = trigger;
            await queue.add({
              service,
              qualifier,
              function: functionName,
              invocationId: requestId,
              requestId,
              payload: Buffer.from(document),
              config: attachmentOf(state, 'async', functionName, qualifier)?.config ?? DEFAULT_ASYNC_CONFIG,
              delayMs: 0,
            });
            delivered.push({ serviceName: service, functionName, triggerName: name, requestId });
          }
        if (delivered.length > 0) dispatcher.wake();
        return json({ delivered });
      },
    },
  ];
}
