/** `POST /2016-08-15/_sluice/events`: an event of another product, brought to every trigger that is bound to its source. */
import { asyncConfigOf } from '../catalog/async-configs.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { entityTooLarge } from '../http/api-error.ts';
import { json, type Operation } from '../http/operation.ts';
import { ASYNC_PAYLOAD_BYTES_MAX } from './accept.ts';
import type { Backlog } from './backlog.ts';
import type { Dispatcher } from './dispatcher.ts';
import { namelessCall, type AsyncQueue, type NewAsyncCall } from './queue.ts';
import { deliveryFor, SourceEvent } from './source-events.ts';
import { z } from 'zod';

export interface EventOptions {
  readonly catalog: Catalog;
  readonly queue: AsyncQueue;
  readonly backlog: Backlog;
  readonly dispatcher: Pick<Dispatcher, 'wake'>;
  /** Unix milliseconds. */
  readonly now: () => number;
}

const Delivery = z.object({
  serviceName: z.string(),
  functionName: z.string(),
  triggerName: z.string(),
  requestId: z.string(),
});

export function eventOperations({ catalog, queue, dispatcher, backlog, now }: EventOptions): Operation[] {
  return [
    {
      name: 'DeliverEvent',
      method: 'POST',
      path: '/_sluice/events',
      output: z.object({ delivered: z.array(Delivery) }),
      input: SourceEvent,
      async run(call) {
        const event = call.body(SourceEvent);
        const calls: NewAsyncCall[] = [];
        const delivered: z.infer<typeof Delivery>[] = [];
        for (const [service, state] of catalog.services)
          for (const trigger of state.triggers.values()) {
            const document = deliveryFor(trigger, event, now());
            if (document === undefined) continue;
            if (Buffer.byteLength(document) > ASYNC_PAYLOAD_BYTES_MAX)
              throw entityTooLarge(ASYNC_PAYLOAD_BYTES_MAX);
            const added = namelessCall({ service, ...trigger }, document, asyncConfigOf(state, trigger));
            calls.push(added);
            const { function: functionName, name: triggerName } = trigger;
            const { requestId } = added;
            delivered.push({ serviceName: service, functionName, triggerName, requestId });
          }
        await backlog.admit(calls);
        for (const added of calls) await queue.add(added);
        if (delivered.length > 0) dispatcher.wake();
        return json({ delivered });
      },
    },
  ];
}
