/** Notifications of a project: its channels, the last deliveries, and trying a channel. */
import { createRoute, z } from '@hono/zod-openapi';
import { listChannels } from '../../store/notification-channels.ts';
import { listDeliveries } from '../../store/notification-deliveries.ts';
import { addTestNotification } from '../../store/notifications.ts';
import { audited } from '../auth/audited.ts';
import { requireRole } from '../auth/principal.ts';
import { channelView, deliveryView } from '../notifications.ts';
import type { ApiParts } from '../parts.ts';
import { notFound } from '../problem.ts';
import { LimitSchema } from '../schema/common.ts';
import { ChannelSchema, DeliverySchema } from '../schema/notification.ts';
import { answer, BEARER, createRoutes, PROBLEMS } from './describe.ts';
import { visibleProject } from './projects.ts';

const common = { tags: ['notifications'], security: BEARER };
const list = createRoute({
  ...common,
  method: 'get',
  path: '/projects/{project}/notifications',
  summary: 'Channels of a project, and its newest deliveries with what receivers answered (release-manager)',
  request: {
    params: z.object({ project: z.string() }),
    query: z.object({
      channel: z.string().optional().openapi({ description: 'Only deliveries of this channel' }),
      limit: LimitSchema,
    }),
  },
  responses: {
    200: answer(
      z.object({ channels: z.array(ChannelSchema), deliveries: z.array(DeliverySchema) }),
      'Channels and deliveries, newest first',
    ),
    ...PROBLEMS,
  },
});
const attempt = createRoute({
  ...common,
  method: 'post',
  path: '/projects/{project}/notifications/{name}/test',
  summary: 'Send a message to try a channel (release-manager)',
  description: 'The answer names the delivery; the list above shows what became of it.',
  request: { params: z.object({ project: z.string(), name: z.string() }) },
  responses: { 202: answer(z.object({ delivery: z.string() }), 'It is being sent'), ...PROBLEMS },
});

export function notificationRoutes(parts: ApiParts) {
  const { db } = parts;
  const routes = createRoutes();

  routes.openapi(list, async (c) => {
    const principal = c.get('principal');
    const { name: project } = await visibleProject(parts, principal, c.req.valid('param').project);
    // Answers come from whatever stands at the address, so not everybody reads them.
    requireRole(principal, 'release-manager');
    const [channels, deliveries] = await Promise.all([
      listChannels(db, project),
      listDeliveries(db, { project, ...c.req.valid('query') }),
    ]);
    return c.json({ channels: channels.map(channelView), deliveries: deliveries.map(deliveryView) }, 200);
  });

  routes.openapi(attempt, async (c) => {
    const principal = c.get('principal');
    const { project: wanted, name: channel } = c.req.valid('param');
    const { name: project } = await visibleProject(parts, principal, wanted);
    const act = {
      principal,
      action: 'notification.test',
      target: `project:${project}`,
      detail: { channel },
    };
    const delivery = await audited(parts, act, async (record) => {
      requireRole(principal, 'release-manager');
      const known = (await listChannels(db, project)).some(({ name }) => name === channel);
      if (!known) throw notFound(`channel ${channel} of ${project}`);
      return db.transaction().execute(async (tx) => {
        const id = await addTestNotification(tx, { project, channel, actor: principal.name });
        await record(tx);
        return id;
      });
    });
    return c.json({ delivery }, 202);
  });
  return routes;
}
