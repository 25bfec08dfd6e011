import { NAMED } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const deprecationTargetUnknown = defineMeaningRule({
  id: 'deprecation-target-unknown',
  severity: 'error',
  title: 'What is deprecated points to what stays',
  why: 'Whoever has to move is sent to something that is not there, or that is going away as well.',
  fix: 'Name an action (or trigger, or channel) of this connector that is not deprecated, or one of another connector by its full name.',
  example: {
    at: '/actions/get-ticket/deprecated',
    bad: { since: '1.3.0', use: 'fetch-ticket' },
    good: { since: '1.3.0', use: 'add-comment' },
    found: '/actions/get-ticket/deprecated/use',
  },
  *check(manifest) {
    for (const kind of NAMED) {
      const siblings = manifest[kind];
      for (const [key, { deprecated }] of Object.entries(siblings)) {
        if (deprecated?.use === undefined) continue;
        const [connector, name] = deprecated.use.includes('.')
          ? deprecated.use.split('.')
          : [manifest.id, deprecated.use];
        // Other connectors are not known here.
        if (connector !== manifest.id) continue;
        const target = name !== undefined && Object.hasOwn(siblings, name) ? siblings[name] : undefined;
        if (target && name !== key && !target.deprecated) continue;
        const path = [kind, key, 'deprecated', 'use'];
        yield { path, message: `"${deprecated.use}" is no other one of the ${kind} that stays` };
      }
    }
  },
});
