import { type Broker, createBroker, createHostPool, silentLog, systemClock } from '@org/connector-runtime/stages';
import { buildProbe } from '../../packages/connector-runtime/e2e/probe-connector/build-probe.ts';
import { escapeAttempts } from '../../packages/connector-runtime/e2e/probe-connector/escape-attempts.ts';
import { type RequestForm, requestForms } from './egress/forms.ts';
import { LISTED, openGoodServer, openSinks, SINK, type Sinks } from './egress/sinks.ts';
import { defineFault } from './fault.ts';
import { shuffled } from './shuffled.ts';

const FORMS = { short: { requests: 45, attempts: 20 }, long: { requests: Infinity, attempts: Infinity } };
/** Of the control: as many of them must get through where nothing checks addresses. */
const CONTROL_FORMS = 40;
/** These go to the sink when nothing denies them. */
const CONTROL_ATTEMPTS = ['net-connect', 'http-get', 'udp'];

export default defineFault({
  promise: 'a connector reaches only hosts that its manifest allows, at addresses that the deployment allows',
  async run({ size, random, progress }) {
    const sinks = await openSinks();
    let redirect: RequestForm['redirect'];
    const good = await openGoodServer((request, response) => {
      request.resume();
      if (redirect) response.writeHead(redirect.status, { location: asBytes(redirect.location) });
      response.end('good');
    });
    const check = async (form: RequestForm, allowedPrivate: readonly string[]): Promise<string[]> => {
      redirect = form.redirect;
      return checkRequest(form, allowedPrivate, good.host, sinks);
    };
    try {
      const forms = shuffled(requestForms(sinks.port, good.host), random);
      const requests = forms.slice(0, FORMS[size].requests);
      const attempts = shuffled(Object.keys(escapeAttempts), random).slice(0, FORMS[size].attempts);
      const violations: string[] = [];
      progress(`${requests.length} forms of requests`);
      for (const form of requests) violations.push(...(await check(form, [LISTED])));
      progress(`${attempts.length} attempts of connector code`);
      violations.push(...(await checkAttempts(attempts, sinks)));

      progress('the same without the check of addresses, and without a host');
      const unchecked: string[] = [];
      for (const form of forms.slice(0, CONTROL_FORMS)) unchecked.push(...(await check(form, ['0.0.0.0/0', '::/0'])));
      const unconfined = await attemptWithoutHost(sinks);
      return {
        tried: requests.length + attempts.length,
        violations,
        controlCaught: unchecked.length > 0 && unconfined === CONTROL_ATTEMPTS.length,
        notes: [
          `${requests.length} forms of requests, ${attempts.length} attempts of connector code`,
          `control: ${unchecked.length} found without the check of addresses, ${unconfined} of ${CONTROL_ATTEMPTS.length} attempts arrived without a host`,
        ],
      };
    } finally {
      sinks.close();
      good.close();
    }
  },
});

/** The request is refused, by the broker, and nothing arrives. */
async function checkRequest(
  form: RequestForm,
  allowedPrivate: readonly string[],
  good: string,
  sinks: Sinks,
): Promise<string[]> {
  const broker = openBroker(form, allowedPrivate);
  const session = broker.open({ allowedHosts: [good, ...form.allowedHosts], partition: form.name, timeoutMs: 2_000 });
  const { method, url, headers = {} } = form;
  const ended = await session.request({ method, url, headers }).then(
    ({ status, url: from }) => `was answered with ${status} by ${from}`,
    ({ code }: { code?: unknown }) => (String(code).startsWith('EGRESS_') ? undefined : `ended with ${String(code)}`),
  );
  await broker.stop();
  const arrived = await sinks.arrived();
  const found = ended === undefined ? [] : [`${form.name}: ${ended}`];
  return arrived === 0 ? found : [...found, `${form.name}: ${arrived} arrived at the sink`];
}

function openBroker({ answers }: RequestForm, allowedPrivate: readonly string[]): Broker {
  let lookups = 0;
  return createBroker({
    clock: systemClock,
    log: silentLog,
    allowedPrivate,
    resolve: async () => {
      const addresses = answers[Math.min(lookups, answers.length - 1)] ?? [];
      lookups += 1;
      return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    },
    retry: { maxRetries: 2, baseDelayMs: 1, maxRetryAfterMs: 0 },
  });
}

/** Each is denied in its host, and nothing arrives. */
async function checkAttempts(names: readonly string[], sinks: Sinks): Promise<string[]> {
  const pool = createHostPool({ log: silentLog });
  const code = await buildProbe();
  const violations: string[] = [];
  for (const action of names) {
    const target = action === 'read-own-program' ? process.execPath : `http://${SINK}:${sinks.port}/`;
    const config = { url: 'https://probe.example' };
    const call = { action, input: { target }, config, baseUrl: config.url, idempotencyKey: 'k'.repeat(26), attempt: 1 };
    const ended = pool.call({
      key: 'egress',
      code,
      method: 'run-action',
      params: call,
      timeoutMs: 10_000,
      onHttp: () => Promise.reject(new Error('asks for nothing')),
      log: silentLog,
    });
    const outcome = await ended.then(
      () => 'was let through',
      ({ code: why }: { code?: unknown }) => (why === 'HOST_DENIED' ? undefined : `ended with ${String(why)}`),
    );
    if (outcome !== undefined) violations.push(`${action}: ${outcome}`);
  }
  await pool.stop();
  const arrived = await sinks.arrived();
  return arrived === 0 ? violations : [...violations, `${arrived} arrived at the sink from connector code`];
}

/** The same code in this very process. */
async function attemptWithoutHost(sinks: Sinks): Promise<number> {
  for (const name of CONTROL_ATTEMPTS) await escapeAttempts[name]?.(`http://${SINK}:${sinks.port}/`);
  return sinks.arrived();
}

/** A header is bytes to whoever writes it. */
function asBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}
