import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { isConnectorError } from '@org/connector-sdk';
import { Hono } from 'hono';
import type { Emulators } from '../emulators.ts';
import { listen } from '../front/loopback-front.ts';
import { type ControlTarget, createControlMethods } from './control-methods.ts';
import { type EmulatorsState, readState } from './emulators-state.ts';

export interface ControlServer {
  /** Ends in a random path: whoever does not know it cannot drive the emulators, a page in a browser included. */
  url: string;
  close(): Promise<void>;
}

/** Serves the control API for emulators in this process. Throws `PORT_UNAVAILABLE`. */
export async function startControlServer(
  emulators: Emulators,
  options: { port: number; onStop: () => void },
): Promise<ControlServer> {
  const secretPath = randomBytes(18).toString('base64url');
  const methods = createControlMethods(emulators);
  const app = new Hono().basePath(`/${secretPath}`);
  app.get('/state', async (c) => c.json<EmulatorsState>(await readState(emulators)));
  app.post('/control/process/stop', (c) => {
    options.onStop();
    return c.json({ result: null });
  });
  app.post('/control/:target/:method', async (c) => {
    const target = c.req.param('target');
    const run = isTarget(target) ? methods[target].get(c.req.param('method')) : undefined;
    if (!run) return c.json({ code: 'CONTROL_REFUSED', message: 'the emulators have no such method' }, 404);
    const text = await c.req.text();
    try {
      return c.json({ result: (await run(text === '' ? {} : JSON.parse(text))) ?? null });
    } catch (error) {
      if (isConnectorError(error)) return c.json(error.toJSON(), 400);
      const message = error instanceof Error ? error.message : 'the call failed';
      return c.json({ code: 'CONTROL_REFUSED', message }, 400);
    }
  });
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  const port = await listen(server, options.port);
  return {
    url: `http://127.0.0.1:${port}/${secretPath}`,
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
    },
  };
}

function isTarget(name: string): name is ControlTarget {
  return name === 'servicenow' || name === 'slack' || name === 'github';
}
