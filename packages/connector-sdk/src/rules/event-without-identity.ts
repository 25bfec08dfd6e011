import { defineMeaningRule } from '../validation/rule.ts';
import { isNode, type SchemaNode } from '../validation/schema-keywords.ts';

export const eventWithoutIdentity = defineMeaningRule({
  id: 'event-without-identity',
  severity: 'warning',
  title: 'An event says which thing it is about',
  why: 'The same change seen by webhook and by poll is one event only if both carry what its key is made of.',
  fix: 'Require a property that identifies the thing: `id`, `ticketId`, `number`, `key`.',
  example: {
    at: '/triggers/ticket-changed/event/required',
    bad: ['changedAt'],
    good: ['id'],
    found: '/triggers/ticket-changed/event',
  },
  *check({ triggers }) {
    for (const [key, { event }] of Object.entries(triggers)) {
      if (identifies(event)) continue;
      yield { path: ['triggers', key, 'event'], message: `the event of "${key}" requires nothing that identifies it` };
    }
  },
});

const IDENTITY =
  /^(?:_?id|uid|uuid|guid|key|number|ref|sha|ts|slug|name|url|sys_id)$|(?:Id|Key|Uuid|Number|Ref|_id|_key|_number)$/;

function identifies({ type, required, anyOf, oneOf }: SchemaNode): boolean {
  if (Array.isArray(required) && required.some((name) => typeof name === 'string' && IDENTITY.test(name))) return true;
  const branches = [anyOf, oneOf].flatMap((list) => (Array.isArray(list) ? list : []));
  if (branches.length > 0) return branches.every((branch) => isNode(branch) && identifies(branch));
  // An event that is one value is its own identity; a reference is not followed.
  return type !== 'object';
}
