import { defineRuntimeConfig } from '@org/connector-runtime';
import type { NodeSettings } from './node-process.ts';
import { secondOf } from './ticket-saas.ts';

const settings = JSON.parse(process.env.CLUSTER_NODE ?? '') as NodeSettings;

/** Of a workflow's context, what is used here; the connector is made at run time, so no package types it. */
interface TicketContext {
  readonly event: { readonly data: { readonly ticket: string } };
  action(name: `tickets.${string}`, input: { readonly ticket: string }): Promise<unknown>;
}

/** What each node of the cluster serves: one write per ticket that changed, two, one after the other, per ticket that was noticed. */
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
      name: 'record-changed',
      on: 'tickets.changed',
      run: ({ event, action }: TicketContext) => action('tickets.record', { ticket: event.data.ticket }),
    },
    {
      name: 'record-noticed',
      on: 'tickets.noticed',
      async run({ event, action }: TicketContext) {
        await action('tickets.record', { ticket: event.data.ticket });
        await action('tickets.record', { ticket: secondOf(event.data.ticket) });
      },
    },
    {
      name: 'write-asked',
      on: 'tickets.asked',
      async run({ event: { data }, action }: TicketContext) {
        await action('tickets.look', data);
        // The ticket's name begins with the mode of its write.
        await action(`tickets.write-${data.ticket.split('-')[0]}`, data);
      },
    },
  ],
  egress: { allowPrivate: ['127.0.0.1'] },
  limits: {
    webhooks: {
      // One endpoint gets in minutes what a sender sends in days.
      rate: { perSecond: 100_000, burst: 100_000 },
      ...(settings.databaseTimeoutMs !== undefined && { databaseTimeoutMs: settings.databaseTimeoutMs }),
    },
  },
  log: { level: 'warn' },
});
