import { canonicalJson } from '../canonical-json.ts';
import { MANIFEST_SCHEMA_ID } from '../manifest.ts';
import { defineMeaningRule, type Json } from '../validation/rule.ts';

const SMALLEST: Json = {
  $schema: MANIFEST_SCHEMA_ID,
  manifestVersion: 1,
  id: 'acme-desk',
  version: '1.4.0',
  publisher: 'acme',
  title: 'Acme Desk',
  description: 'Reads the tickets of a help desk.',
  engines: { runtime: '>=0.1.0' },
  scopes: {},
  connection: {
    config: { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', additionalProperties: false },
    auth: {},
    allowedHosts: ['desk.example'],
    baseUrl: 'https://desk.example',
    rateLimit: { requestsPerMinute: 60, concurrency: 2 },
  },
  actions: {},
  triggers: {},
  approvalChannels: {},
};

export const manifestNotCanonical = defineMeaningRule({
  id: 'manifest-not-canonical',
  releaseSeverity: 'warning',
  title: 'What is signed is canonical JSON (RFC 8785)',
  why: 'With one form per content, equal manifests have equal digests, and a diff shows nothing but what changed.',
  fix: 'Sign what `connector build` writes; `--fix` writes it too.',
  example: { badText: JSON.stringify(SMALLEST, null, 2), goodText: canonicalJson(SMALLEST) },
  *check(manifest, { text }) {
    if (text.replace(/\n$/, '') !== canonicalJson(manifest)) yield { path: [], message: 'is not canonical JSON' };
  },
  // Nothing in the manifest itself changes.
  repair() {},
  layout: 'canonical',
});
