import { z } from 'zod';
import { createAdminClient } from './admin-client.ts';
import { type AdminFlags, tenantPath, write } from './admin-flags.ts';
import { RuntimeError } from './types/errors.ts';

export interface DeliveryFlags extends AdminFlags {
  readonly status?: string;
  readonly outcome?: string;
  readonly endpoint?: string;
  readonly before?: string;
  readonly limit?: string;
}

const view = z.looseObject({
  id: z.string(),
  endpointId: z.string(),
  connector: z.string(),
  purpose: z.object({ kind: z.string(), name: z.string() }),
  receivedAt: z.string(),
  status: z.string(),
  outcome: z.string().nullable(),
  bodyBytes: z.number(),
  claims: z.number(),
  error: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
});
type View = z.infer<typeof view>;
const details = view.extend({
  headerNames: z.array(z.string()),
  events: z.array(z.looseObject({ id: z.string(), eventKey: z.string() })),
  runs: z.array(z.looseObject({ id: z.string(), workflow: z.string(), status: z.string() })),
});

export async function listDeliveries(flags: DeliveryFlags): Promise<void> {
  const { status, outcome, endpoint: endpointId, before, limit } = flags;
  const given = Object.entries({ status, outcome, endpointId, before, limit }).filter(
    ([, value]) => value !== undefined,
  );
  const query = new URLSearchParams(given as [string, string][]);
  const answer = await createAdminClient(flags).request('GET', `${tenantPath(flags, 'deliveries')}?${query}`);
  const { deliveries } = z.object({ deliveries: z.array(view) }).parse(answer);
  if (flags.json) write(JSON.stringify(deliveries));
  else
    for (const delivery of deliveries) {
      const { id, receivedAt, error } = delivery;
      write([id, receivedAt, cameOf(delivery).padEnd(16), nameOf(delivery), error?.code ?? ''].join('  ').trimEnd());
    }
}

export async function showDelivery(id: string, flags: DeliveryFlags): Promise<void> {
  const answer = await createAdminClient(flags).request('GET', tenantPath(flags, 'deliveries', id));
  const delivery = details.parse(answer);
  const { endpointId, receivedAt, bodyBytes, claims, error, headerNames, events, runs } = delivery;
  const lines = [
    `${nameOf(delivery)}  ${id}`,
    `state     ${cameOf(delivery)}${error === null ? '' : `: ${printable(error.message)} (${error.code})`}`,
    `endpoint  ${endpointId}`,
    `received  ${receivedAt}, ${bodyBytes} bytes, claimed ${claims} times`,
    `headers   ${headerNames.join(', ') || 'none that the connector declares'}`,
    ...events.map((event) => `event     ${event.id}  ${printable(event.eventKey)}`),
    ...runs.map((run) => `run       ${run.id}  ${run.workflow}  ${run.status}`),
  ];
  write(flags.json ? JSON.stringify(answer) : lines.join('\n'));
}

export async function replayDeliveries(id: string | undefined, flags: DeliveryFlags): Promise<void> {
  const { endpoint, limit, json } = flags;
  if ((id === undefined) === (endpoint === undefined)) {
    throw new RuntimeError('CONFIG_MISSING', 'name one dead delivery, or an endpoint with --endpoint');
  }
  const admin = createAdminClient(flags);
  if (id !== undefined) {
    await admin.request('POST', tenantPath(flags, 'deliveries', id, 'replay'));
    write(json ? JSON.stringify({ replayed: 1 }) : `replayed ${id}`);
    return;
  }
  const request = limit === undefined ? {} : { limit: Number(limit) };
  const answer = await admin.request('POST', tenantPath(flags, 'endpoints', endpoint, 'replay'), request);
  const { replayed, left } = z.looseObject({ replayed: z.number(), left: z.number() }).parse(answer);
  write(json ? JSON.stringify(answer) : `replayed ${replayed}; ${left} left`);
}

/** What outsiders and connectors wrote must not drive the terminal. */
const printable = (text: string) => text.replaceAll(/\p{Cc}+/gu, ' ');
const nameOf = ({ connector, purpose }: View) => `${connector}.${purpose.name}`;
const cameOf = ({ status, outcome }: View) => outcome ?? status;
