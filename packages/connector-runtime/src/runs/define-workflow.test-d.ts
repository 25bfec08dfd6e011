import { defineAction, defineConnection, defineConnector, defineTrigger } from '@org/connector-sdk';
import { z } from 'zod';
import { defineWorkflow, type NamesOf } from './define-workflow.ts';

const ticketing = defineConnector({
  id: 'ticketing',
  publisher: 'acme',
  title: 'Ticketing',
  description: 'Tickets.',
  engines: { runtime: '>=0.1.0' },
  scopes: { ticket: { title: 'Tickets', description: 'Tickets.', provider: ['ticket'] } },
  connection: defineConnection({
    config: z.strictObject({}),
    auth: { basic: { kind: 'basic', title: 'User and password' } },
    allowedHosts: ['tickets.example'],
    baseUrl: 'https://tickets.example',
    rateLimit: { requestsPerMinute: 60, concurrency: 4 },
    test: async () => ({ account: '' }),
  }),
  actions: {
    assign: defineAction({
      title: 'Assign',
      description: 'Assigns a ticket.',
      effect: 'write',
      risk: 'medium',
      scopes: ['ticket'],
      idempotency: { mode: 'natural' },
      input: z.strictObject({ id: z.string(), to: z.string() }),
      output: z.object({ before: z.string() }),
      run: async () => ({ before: '' }),
    }),
  },
  triggers: {
    opened: defineTrigger({
      title: 'Opened',
      description: 'A ticket was opened.',
      scopes: ['ticket'],
      event: z.object({ id: z.string(), urgency: z.number(), labels: z.array(z.string()) }),
      eventKey: ({ id }) => id,
      webhook: {
        verification: { scheme: 'github-sha256' },
        contentTypes: ['application/json'],
        deliveryId: { digest: 'body' },
        maxBodyBytes: 1000,
        parse: () => [],
      },
    }),
  },
});

declare module '@org/connector-sdk/registry' {
  interface ConnectorRegistry {
    ticketing: typeof ticketing;
  }
}

export const triage = defineWorkflow({
  name: 'triage',
  on: 'ticketing.opened',
  version: 2,
  deadlineMs: 86_400_000,
  async run({ event, version, action, plan, approval, step, sleep, patch, waitFor }) {
    const urgency: number = event.data.urgency;
    const { before }: { before: string } = await action('ticketing.assign', { id: event.data.id, to: 'ada' });
    const planned = plan(
      'ticketing.assign',
      { id: before, to: 'bob' },
      { facts: [{ name: 'To', value: 'ada → bob' }] },
    );
    const { actor }: { actor: string } = await approval({ title: 'Move?', reason: '', actions: [planned] });
    const after: { before: string } = await action(planned);
    const local: { urgency: number } = await step('local', () => ({ urgency }));
    await sleep('nap', 1000);
    const since: number = version;
    const isNew: boolean = await patch('ask-first');
    const opened = await waitFor('ticketing.opened', { match: { id: before, urgency: 1 }, timeoutMs: 1000 });
    const again: number = opened.data.urgency;

    // @ts-expect-error there is no such trigger
    await waitFor('ticketing.closed');
    // @ts-expect-error the event has no such field
    await waitFor('ticketing.opened', { match: { priority: 1 } });
    // @ts-expect-error the field is of another type
    await waitFor('ticketing.opened', { match: { urgency: 'high' } });
    // @ts-expect-error a list is nothing to compare with
    await waitFor('ticketing.opened', { match: { labels: ['x'] } });
    // @ts-expect-error events count from now or from the start
    await waitFor('ticketing.opened', { since: 'yesterday' });
    // @ts-expect-error there is no such action
    await action('ticketing.asign', { id: '1', to: 'ada' });
    // @ts-expect-error the input lacks `to`
    await action('ticketing.assign', { id: '1' });
    // @ts-expect-error the input has a field too many
    await action('ticketing.assign', { id: '1', to: 'ada', cc: 'bob' });
    // @ts-expect-error a plan's input does not fit either
    plan('ticketing.assign', { id: 1, to: 'ada' });
    // @ts-expect-error the event has no such field
    event.data.priority;
    // @ts-expect-error the output has no such field
    after.since;
    // @ts-expect-error an approval is about plans
    await approval({ title: 'Move?', reason: '', actions: ['ticketing.assign'] });
    return [actor, local, since, isNew, again];
  },
});

// @ts-expect-error there is no such trigger
defineWorkflow({ name: 'wrong', on: 'ticketing.closed', run: async () => undefined });

// Where no connector package is imported for its types, any name goes: a workflow in plain JavaScript.
const anyName: NamesOf<unknown> = 'whatever.it-is';
// @ts-expect-error where there are names, only those
const otherName: NamesOf<{ 'a.b': unknown }> = 'whatever.it-is';
export const names: string[] = [anyName, otherName];
