import { expect, it } from 'vitest';
import { createConnectorCalls } from './connector-calls.ts';
import { oauthManifest } from './test-oauth-bench.ts';
import { systemClock } from './types/clock.ts';
import { silentLog } from './types/log.ts';
import type { Attempt } from './types/run.ts';
import { missingScopes, providerScopes, withoutScopes } from './types/scopes.ts';

const manifest = oauthManifest();
const digest = 'sha256:one';

/** Whatever is called here has got past the check of scopes. */
const reached = () => Promise.reject(new Error('it was sent'));

async function attempt(action: 'look' | 'change', grantedScopes: string[] | null) {
  const calls = createConnectorCalls({
    artifacts: { open: async () => ({ manifest, code: new Uint8Array(), digest, id: 'sample' }) as never },
    hosts: { call: reached },
    broker: {
      open: () =>
        ({
          effect: () => 'none',
          trace: () => [],
          retryAfterMs: () => undefined,
          heldBackMs: () => undefined,
          close: () => undefined,
        }) as never,
    },
    limits: { open: () => ({ pass: reached, askedToWait: () => undefined }) },
    credentials: { authorize: reached, refreshAfter401: reached },
    connections: {
      connection: async (tenantId, id) => ({
        ...{ id, tenantId, grantedScopes },
        connector: 'sample',
        config: { site: 'https://x.example' },
        status: 'ready',
      }),
      enabled: async () => ({ digest, manifest }),
    },
    clock: systemClock,
    log: silentLog,
  });
  const planned = {
    ...{ tenantId: 't', connectionId: 'c', connector: 'sample', artifactDigest: digest, runId: 'r' },
    ...{ action: `sample.${action}`, manifest: manifest.actions[action], input: {} },
  };
  const asked = { planned, idempotencyKey: 'k', attempt: 1, notAfter: Date.now() + 10_000 } as unknown as Attempt;
  const outcome = await calls.run(asked, new AbortController().signal);
  return 'error' in outcome ? outcome.error.code : outcome.status;
}

it.each([
  ['change', ['data:read'], 'CONNECTION_SCOPE_MISSING'],
  ['change', [], 'CONNECTION_SCOPE_MISSING'],
  ['look', ['data:read'], 'ACTION_FAILED'],
  ['change', ['data:read', 'data:write', 'more'], 'ACTION_FAILED'],
  ['change', null, 'ACTION_FAILED'],
] as const)('%s under a grant of %j ends with %s, before anything is sent', async (action, granted, code) => {
  expect(await attempt(action, granted && [...granted])).toBe(code);
});

it('asks for what something needs, and for nothing that is only declared', () => {
  expect(providerScopes(manifest)).toEqual(['data:read', 'data:write']);
  expect(missingScopes(manifest, ['data:write'])).toEqual(['read']);
  expect(withoutScopes(manifest, ['read'])).toEqual(['look']);
});
