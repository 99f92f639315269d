/** `POST /2016-08-15/_sluice/events`: an event of another product, brought to every trigger that is bound to its source. */
import { asyncConfigOf } from '../catalog/async-configs.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { json, type Operation } from '../http/operation.ts';
import type { Dispatcher } from './dispatcher.ts';
import { namelessCall, type AsyncQueue } from './queue.ts';
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
            const { function: functionName, name } = trigger;
            const added = namelessCall({ service, ...trigger }, document, asyncConfigOf(state, trigger));
            await queue.add(added);
            delivered.push({
              serviceName: service,
              functionName,
              triggerName: name,
              requestId: added.requestId,
            });
          }
        if (delivered.length > 0) dispatcher.wake();
        return json({ delivered });
      },
    },
  ];
}
