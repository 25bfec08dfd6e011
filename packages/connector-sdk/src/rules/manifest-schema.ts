import { MANIFEST_SCHEMA_ID, MANIFEST_VERSION } from '../manifest.ts';
import { parseJsonStrict } from '../strict-json.ts';
import { writeLike } from '../validation/manifest-layout.ts';
import { defineStructureRule } from '../validation/rule.ts';

export const manifestSchema = defineStructureRule({
  id: 'manifest-schema',
  severity: 'error',
  title: 'The manifest fits its JSON Schema',
  why: 'The runtime refuses a manifest with missing, unknown or malformed members.',
  fix: 'Correct the member in the definition and run `connector build`.',
  example: {
    at: '/actions/close-ticket/risk',
    bad: 'tiny',
    good: 'low',
    found: '/actions/close-ticket/risk',
  },
  codes: ['MANIFEST_INVALID'],
  repair(bytes, { path }) {
    if (path.length !== 1 || path[0] !== '$schema') return undefined;
    const value = parseJsonStrict(bytes);
    if (typeof value !== 'object' || value === null || '$schema' in value) return undefined;
    // `manifestVersion` says which schema it is.
    if (!('manifestVersion' in value) || value.manifestVersion !== MANIFEST_VERSION) return undefined;
    return writeLike(new TextDecoder().decode(bytes), { $schema: MANIFEST_SCHEMA_ID, ...value });
  },
});
