/**
 * The generic webhook: the message as JSON, signed as webhooks that come in to Sluice are. The signature covers the raw
 * body, which holds delivery and time of the event; the time of sending is for people who look at a receiver's log.
 */
import { createHmac } from 'node:crypto';
import type { Channel } from './channel.ts';
import { post } from './post.ts';

export const webhook: Channel = ({ url, secret }, message, signal) => {
  const body = JSON.stringify(message);
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Sluice',
    'x-sluice-event': message.event,
    'x-sluice-delivery': message.id,
    'x-sluice-timestamp': String(Math.floor(Date.now() / 1_000)),
    'x-sluice-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  };
  return post({ url, headers, body }, signal);
};
