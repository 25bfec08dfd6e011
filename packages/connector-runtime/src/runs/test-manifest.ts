import type { Manifest, ManifestAction } from '@org/connector-sdk';

const draft = 'https://json-schema.org/draft/2020-12/schema' as const;

/** A manifest's action for tests: a low-risk natural write unless told otherwise. */
export function sampleAction(overrides: Partial<ManifestAction> = {}): ManifestAction {
  return {
    title: 'Set a value',
    description: 'Sets a value.',
    effect: 'write',
    risk: 'low',
    scopes: [],
    idempotency: { mode: 'natural', resolve: false },
    reversible: { by: 'undo', action: 'set' },
    timeoutMs: 30_000,
    input: {
      $schema: draft,
      type: 'object',
      properties: { value: { type: 'string' } },
      required: ['value'],
      additionalProperties: false,
    },
    output: { $schema: draft, type: 'object' },
    ...overrides,
  };
}

/** A connector's manifest for tests, with the given actions. */
export function sampleManifest(actions: Readonly<Record<string, ManifestAction>>, id = 'sample'): Manifest {
  return {
    $schema: 'urn:org:connector-manifest:v1',
    manifestVersion: 1,
    id,
    version: '1.0.0',
    publisher: 'acme',
    title: 'Sample',
    description: 'A sample.',
    engines: { runtime: '>=0.0.0' },
    scopes: {},
    connection: {
      config: { $schema: draft, type: 'object' },
      auth: {},
      allowedHosts: ['sample.example'],
      baseUrl: 'https://sample.example',
      rateLimit: { requestsPerMinute: 60, concurrency: 4 },
    },
    actions: { ...actions },
    triggers: {},
    approvalChannels: {},
  };
}
