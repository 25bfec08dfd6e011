import { Hono } from 'hono';
import type { AdminEnv, AdminRouter } from './admin-env.ts';
import type { AdminPorts } from './ports.ts';
import { mediaType, readArtifactBytes, readDigest, readJson } from './read-request.ts';
import { requests } from './requests.ts';

const TGZ = ['application/gzip', 'application/x-gzip', 'application/octet-stream'];

/** The deployment's artifacts: the bytes of a `.tgz`, or a path of this machine as JSON. */
export function artifactRoutes({ artifacts }: AdminPorts): AdminRouter {
  const routes = new Hono<AdminEnv>();
  routes.get('/artifacts', async (c) => c.json({ artifacts: await artifacts.list() }));
  routes.post('/artifacts', async (c) => {
    const source = TGZ.includes(mediaType(c))
      ? await readArtifactBytes(c)
      : (await readJson(c, requests.addArtifact)).path;
    return c.json(await artifacts.add(source, c.get('by')), 201);
  });
  routes.post('/artifacts/:digest/promote', async (c) => {
    const digest = readDigest(c, 'digest');
    await artifacts.promote(digest, c.get('by'));
    return c.json({ digest, state: 'available' });
  });
  return routes;
}
