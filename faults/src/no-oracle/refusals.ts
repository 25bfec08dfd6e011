import { createHmac, randomBytes } from 'node:crypto';
import type { OracleJob } from './job.ts';

export interface Refused {
  readonly token: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a stranger can get wrong, for one body: each made anew for every request. */
export function refusalsOf(job: OracleJob, body: Buffer): Readonly<Record<string, () => Refused>> {
  const { known, disabled, expired } = job;
  const stranger = randomBytes(32).toString('base64url');
  const unknown = randomBytes(32).toString('base64url');
  const signed = (secret: string, over: { age?: number } = {}): Refused['headers'] => {
    const time = String(Math.floor(Date.now() / 1000) - (over.age ?? 0));
    const signature = createHmac('sha256', secret).update(`${time}.`).update(body).digest('hex');
    return {
      'content-type': 'application/json',
      'x-connector-delivery': 'd-1',
      'x-connector-timestamp': time,
      'x-connector-signature': `sha256=${signature}`,
    };
  };
  return {
    'bad signature': () => ({ token: known.token, headers: signed(stranger) }),
    'unknown address': () => ({ token: unknown, headers: signed(stranger) }),
    'address never seen': () => ({ token: randomBytes(32).toString('base64url'), headers: signed(stranger) }),
    'disabled endpoint': () => ({ token: disabled.token, headers: signed(disabled.secret) }),
    'expired address': () => ({ token: expired.token, headers: signed(expired.secret) }),
    'missing signature': () => ({ token: known.token, headers: { ...signed(stranger), 'x-connector-signature': '' } }),
    'malformed signature': () => ({
      token: known.token,
      headers: { ...signed(stranger), 'x-connector-signature': `sha256=${'z'.repeat(64)}` },
    }),
    'stale delivery': () => ({ token: known.token, headers: signed(known.secret, { age: 3600 }) }),
  };
}
