import { defineRuntimeConfig } from '@org/connector-runtime';
import type { NodeSettings } from '../../../faults/src/cluster/node-process.ts';

const settings = JSON.parse(process.env.CLUSTER_NODE ?? '') as NodeSettings;

interface TicketContext {
  readonly event: { readonly data: { readonly ticket: string } };
  action(name: `tickets.${string}`, input: { readonly ticket: string }): Promise<unknown>;
  waitFor(trigger: string, options: { readonly match: object; readonly timeoutMs: number }): Promise<unknown>;
}

/** What is measured: a read and a write per webhook, and the same write after a second webhook that may come in days. */
export default defineRuntimeConfig({
  port: 0,
  publicUrl: 'http://127.0.0.1',
  database: { url: settings.databaseUrl },
  masterKey: settings.masterKey,
  admin: { token: settings.adminToken },
  trust: settings.trust,
  artifacts: settings.artifacts,
  workflows: [
    {
      name: 'read-and-write',
      on: 'tickets.asked',
      async run({ event: { data }, action }: TicketContext) {
        await action('tickets.look', data);
        await action('tickets.write-natural', data);
      },
    },
    {
      name: 'write-when-noticed',
      on: 'tickets.changed',
      async run({ event: { data }, action, waitFor }: TicketContext) {
        await waitFor('tickets.noticed', { match: data, timeoutMs: 30 * 24 * 60 * 60 * 1000 });
        await action('tickets.write-natural', data);
      },
    },
  ],
  egress: { allowPrivate: ['127.0.0.1'] },
  // One endpoint gets in minutes what a sender sends in days.
  limits: { webhooks: { rate: { perSecond: 100_000, burst: 100_000 } } },
  log: { level: 'warn' },
});
