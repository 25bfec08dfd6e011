import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createAuditTrail } from '../audit/index.ts';
import { createTestDatabase } from '../store/test-database.ts';
import type { RawDelivery } from '../types/delivery.ts';
import { silentLog } from '../types/log.ts';
import { createIngress, type IngressOptions } from './ingress.ts';
import { createRefusalLedger } from './refusal-ledger.ts';
import { createSenders, endpointOf } from './test-webhook-sender.ts';

const { github } = createSenders();
if (github === undefined) throw new Error('there is no sender like GitHub');
const { reception, secret } = github;
const KNOWN = 'k'.repeat(43);
let now = Date.parse('2026-11-22T12:00:00Z');
const clock = { now: () => now };
const audit = {
  record: () => Promise.reject(new Error('not here')),
} as unknown as Parameters<typeof createRefusalLedger>[0]['audit'];

/** An ingress whose database is a stand-in; one endpoint is known. */
function node(over: Partial<IngressOptions> = {}) {
  const refusals = createRefusalLedger({ audit, clock, log: silentLog, windowMs: 3_600_000 });
  const codes: string[] = [];
  const counting = {
    ...refusals,
    count(refusal: { code: string }) {
      codes.push(refusal.code);
    },
  };
  const endpoint = endpointOf(reception, [secret]);
  let isLost = false;
  const lost = () => Promise.reject(new Error('connection refused'));
  const finds = new Map([[hashOf(KNOWN), endpoint]]);
  const ingress = createIngress({
    endpoints: { find: async (hash) => (isLost ? lost() : finds.get(Buffer.from(hash).toString('hex'))) },
    deliveries: { accept: async () => (isLost ? lost() : 'accepted') },
    refusals: counting,
    clock,
    log: silentLog,
    ...over,
  });
  return {
    ingress,
    codes,
    lose: () => {
      isLost = true;
    },
    find: () => {
      isLost = false;
    },
  };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function delivery(over: { secret?: string; token?: string } = {}): RawDelivery {
  const body = Buffer.from('{"n":1}');
  const signature = createHmac('sha256', over.secret ?? secret)
    .update(body)
    .digest('hex');
  return {
    endpointToken: over.token ?? KNOWN,
    headers: [
      ['content-type', 'application/json'],
      ['x-github-delivery', 'd'],
      ['x-hub-signature-256', `sha256=${signature}`],
    ],
    body,
    receivedAt: now,
  };
}
const forged = () => delivery({ secret: 'another secret of 32 characters.' });

describe('the rate of an endpoint', () => {
  it('is told to its true sender only, with the time to wait', async () => {
    const { ingress, codes } = node({ rate: { perSecond: 0.5, burst: 2 } });
    const answers = [];
    for (let n = 0; n < 3; n += 1) answers.push(await ingress.receive(delivery()));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(answers[2]?.headers['retry-after']).toBe('2');
    expect(await ingress.receive(forged())).toMatchObject({ status: 401 });
    expect(codes).toEqual(['WEBHOOK_RATE_LIMITED', 'WEBHOOK_SIGNATURE_INVALID']);
    now += 2000;
    expect(await ingress.receive(delivery())).toMatchObject({ status: 200 });
  });

  it('is not used up by whoever knows the address and cannot sign', async () => {
    const { ingress } = node({ rate: { perSecond: 1, burst: 1 } });
    for (let n = 0; n < 500; n += 1) expect((await ingress.receive(forged())).status).toBe(401);
    expect((await ingress.receive(delivery())).status).toBe(200);
  });
});

describe('while the database is lost', () => {
  it('a remembered address answers strangers like an unknown one (pitfall 11)', async () => {
    const { ingress, lose, find } = node();
    expect((await ingress.receive(forged())).status).toBe(401);
    lose();
    expect((await ingress.receive(delivery())).status).toBe(503);
    const known = await ingress.receive(forged());
    const unknown = await ingress.receive(delivery({ token: 'x'.repeat(43) }));
    expect(known).toEqual(unknown);
    expect(known).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    find();
    now += 5000;
    expect((await ingress.receive(forged())).status).toBe(401);
  });
});

describe('a flood of refusals', () => {
  it('of 100,000 over 5,000 made-up addresses and 5,000 real ones is a bounded number of audit entries', async () => {
    const database = await createTestDatabase();
    try {
      const trail = createAuditTrail({ db: database.db, clock });
      const refusals = createRefusalLedger({ audit: trail, clock, log: silentLog, windowMs: 3_600_000, maxGroups: 50 });
      const { ingress } = node({ refusals });
      const tokens = Array.from({ length: 5000 }, (_, n) => `${n}`.padStart(43, 'x'));
      for (let n = 0; n < 95_000; n += 1) await ingress.receive(delivery({ token: tokens[n % 5000] ?? '' }));
      const tenantId = '018f0000-0000-7000-8000-00000000000a';
      for (let n = 0; n < 5000; n += 1) {
        refusals.count({ code: 'WEBHOOK_SIGNATURE_INVALID', endpoint: { id: `e${n}`, tenantId } });
      }
      await refusals.flush();
      const rows = await database.db
        .selectFrom('connector.audit_entries')
        .select('body')
        .where('kind', '=', 'webhook.rejected')
        .execute();
      expect(rows.length).toBeLessThanOrEqual(51);
      const count = ({ body }: { body: string }) => (JSON.parse(body) as { details: { count: number } }).details.count;
      expect(rows.reduce((sum, row) => sum + count(row), 0)).toBe(100_000);
    } finally {
      await database.close();
    }
  }, 120_000);
});
