import type { Json } from './rule.ts';

/** Parts of manifests that several rules' examples are about; an example says what is special about its own. */
type Part = { [key: string]: Json };

/** A schema of things with an id. */
export function exampleSchema(): Part {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: { id: { type: 'string', description: 'The id of the ticket.', pattern: '^[0-9a-f]{32}$' } },
    required: ['id'],
    additionalProperties: false,
  };
}

/** A write that nothing is wrong with but what `special` says. */
export function exampleAction(special: Part): Part {
  return {
    title: 'Close a ticket',
    description: 'Closes one ticket for good.',
    effect: 'write',
    risk: 'high',
    scopes: ['ticket.write'],
    idempotency: { mode: 'natural', resolve: false },
    reversible: { by: 'compensation', action: 'reopen-ticket' },
    timeoutMs: 30_000,
    input: { ...exampleSchema(), examples: [{ id: '0123456789abcdef0123456789abcdef' }] },
    output: exampleSchema(),
    ...special,
  };
}

/** A trigger that sees nothing until `special` gives it a source. */
export function exampleTrigger(special: Part): Part {
  return {
    title: 'Ticket opened',
    description: 'Somebody opened a ticket.',
    scopes: ['ticket.read'],
    event: exampleSchema(),
    ...special,
  };
}
