import { z } from 'zod';
import { answers } from './answers.ts';
import type { AdminPorts } from './ports.ts';
import { digest, requests } from './requests.ts';
import { type AdminRoutes, route } from './route.ts';

const TGZ = ['application/gzip', 'application/x-gzip', 'application/octet-stream'] as const;

/** The deployment's artifacts: the bytes of a `.tgz`, or a path of this machine as JSON. */
export function artifactRoutes({ artifacts }: AdminPorts): AdminRoutes {
  return {
    listArtifacts: route('GET /artifacts', {
      summary: 'What was added, newest first',
      role: 'viewer',
      answer: z.object({ artifacts: z.array(answers.artifact) }),
      run: async () => ({ artifacts: await artifacts.list() }),
    }),
    addArtifact: route('POST /artifacts', {
      summary: 'Verify and store an artifact: its bytes, or its path on the runtime’s machine',
      role: 'admin',
      body: requests.addArtifact,
      binary: TGZ,
      answer: answers.addedArtifact,
      status: 201,
      run: ({ body, by }) => artifacts.add(body instanceof Uint8Array ? body : body.path, by),
    }),
    promoteArtifact: route('POST /artifacts/:digest/promote', {
      summary: 'End an artifact’s quarantine; not by who added it',
      role: 'security-admin',
      answer: z.object({ digest, state: z.literal('available') }),
      run: async ({ digest, by }) => {
        await artifacts.promote(digest, by);
        return { digest, state: 'available' };
      },
    }),
  };
}
