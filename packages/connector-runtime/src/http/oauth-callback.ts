import { type Context, Hono } from 'hono';
import { getCookie } from 'hono/cookie';
import type { AuthorizationFlow } from '../oauth/index.ts';
import type { Log } from '../types/log.ts';
import type { NodeBindings } from './raw-request.ts';

/**
 * The proof of the browser that began a flow. Whoever begins one there sets it, and gives the same value to the admin API;
 * the prefix makes browsers keep it to this very host, over TLS.
 */
const BROWSER_COOKIES = ['__Host-connector-oauth', 'connector-oauth'];

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  // The address holds the code: it goes nowhere from here.
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
} as const;

/** Where providers send people back to. It tells them that it worked or that it did not, and nothing of what they brought. */
export function createOAuthCallback(flow: Pick<AuthorizationFlow, 'complete'>, log: Log) {
  const app = new Hono<{ Bindings: NodeBindings }>();

  async function answer(c: Context, server: string | undefined): Promise<Response> {
    // A link that is looked at before it is opened must not use it up.
    if (c.req.method !== 'GET') return c.body(null, 405, { allow: 'GET' });
    const browser = BROWSER_COOKIES.map((name) => getCookie(c, name)).find((value) => value !== undefined);
    try {
      await flow.complete({ params: new URL(c.req.url).searchParams, server, browser });
      return page(200, 'Connected', 'You can close this window.');
    } catch (error) {
      log.info('an answer to an authorization was refused', { error });
      return page(400, 'Not connected', 'Go back to where you came from and begin again. The audit says why.');
    }
  }

  app.get('/', (c) => answer(c, undefined));
  app.get('/:server', (c) => answer(c, c.req.param('server')));
  return app;
}

function page(status: 200 | 400, title: string, text: string): Response {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1><p>${text}</p></html>\n`;
  return new Response(html, { status, headers: HEADERS });
}
