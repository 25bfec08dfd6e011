import { Hono } from 'hono';
import type { NodeBindings } from './raw-request.ts';
import { createWebhookRoute, type WebhookRouteOptions } from './webhook-route.ts';

/** What is mounted at `/hooks`. */
export function createWebhookApp(options: WebhookRouteOptions): Hono<{ Bindings: NodeBindings }> {
  const receive = createWebhookRoute(options);
  const app = new Hono<{ Bindings: NodeBindings }>();
  // One handler: two that match the same path would be composed anew for each request.
  app.all('/:token', (c): Response | Promise<Response> => {
    if (c.req.method === 'POST') return receive(c.req.param('token'), c.req.raw, c.env);
    return c.json({ error: 'method not allowed' }, 405, { allow: 'POST' });
  });
  return app;
}
