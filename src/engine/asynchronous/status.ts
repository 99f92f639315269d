/** States of an asynchronous call, by the API's own names (fc-api.md §4, Invocation). */

export const ASYNC_STATUSES = [
  'Enqueued',
  'Dequeued',
  'Running',
  'Retrying',
  'Succeeded',
  'Failed',
  'Stopping',
  'Stopped',
  'Expired',
  'Invalid',
] as const;

export type AsyncStatus = (typeof ASYNC_STATUSES)[number];

/** How a call can end. */
export type AsyncEnd = Extract<AsyncStatus, 'Succeeded' | 'Failed' | 'Stopped' | 'Expired' | 'Invalid'>;
