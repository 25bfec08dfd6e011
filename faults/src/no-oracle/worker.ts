// Refuses strangers, and measures what they see. In a process of its own, which may have a step left out of the product.
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { seededRandom } from '../fault.ts';
import { leaveOut } from '../leave-out.ts';
import type { OracleAnswer, OracleJob } from './job.ts';
import { compareTimes, compareWork, MAX_T, sampleTimes } from './measure.ts';
import { type Refused, refusalsOf } from './refusals.ts';

const job = JSON.parse(process.argv[2] ?? '') as OracleJob;
for (const leftOut of job.leftOut ?? []) leaveOut(leftOut);
// Not static: what is left out must be so before the product is loaded.
const { openOracle } = await import('./oracle.ts');
const random = seededRandom(job.seed);
const oracle = await openOracle(job);

/** So large that hashing it is most of the work. */
const WORK_BYTES = 200_000;
const WORK_SAMPLES = 400;
const WORK_SHARE = 0.3;

const notes: string[] = [];
const times: string[] = [];
let tried = 0;
for (const size of job.bodySizes) {
  const measured = await measure(size);
  const again = measured.apart.size > 0 ? await measure(size) : undefined;
  // Nothing is forgiven that shows twice: a leak is there in every measurement, and in the same direction.
  const stays = [...measured.apart].filter(([kind, t]) => Math.sign(again?.apart.get(kind) ?? 0) === Math.sign(t));
  times.push(...stays.map(([kind, t]) => `${kind}, body of ${size} bytes: t = ${t.toFixed(1)}`));
  process.stderr.write(`${size} bytes: largest |t| ${measured.largest.toFixed(2)}\n`);
  const repeated = again === undefined ? '' : `; measured twice, then ${again.largest.toFixed(2)}`;
  notes.push(`body of ${size} bytes: largest |t| ${measured.largest.toFixed(2)} of ${MAX_T}${repeated}`);
}
const bytes = await differentBytes();
const work = await differentWork();
await oracle.close();
const answer: OracleAnswer = { tried, bytes, times, work, notes };
process.stdout.write(JSON.stringify(answer), () => process.exit(0));

async function measure(size: number) {
  const body = Buffer.alloc(size, 'x');
  const refusals = refusalsOf(job, body);
  const kinds = Object.keys(refusals);
  const send = (kind: string) => oracle.answer(refusals[kind]?.() as Refused, body);
  const { concurrency, samples } = job;
  await sampleTimes({ kinds, samples: 50, concurrency, random, send });
  const taken = await sampleTimes({ kinds, samples, concurrency, random, send });
  tried += kinds.length * job.samples;
  return compareTimes(taken);
}

/** Everything but the date, over a socket. */
async function differentBytes(): Promise<string[]> {
  const body = Buffer.from('{"n":1}');
  const answers = new Map<string, string>();
  for (const [kind, make] of Object.entries(refusalsOf(job, body))) {
    const { token, headers } = make();
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    const socket = connect(oracle.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      `${[`POST /${token} HTTP/1.1`, 'Host: x', 'Connection: close', `Content-Length: ${body.length}`, ...lines].join('\r\n')}\r\n\r\n`,
    );
    socket.write(body);
    answers.set(kind, (await text(socket)).replace(/^Date: .*\r\n/im, ''));
    tried += 1;
  }
  const expected = answers.get('bad signature') ?? '';
  if (!expected.startsWith('HTTP/1.1 401 ')) return [`a bad signature is answered ${JSON.stringify(expected)}`];
  return [...answers].filter(([, answered]) => answered !== expected).map(([kind]) => kind);
}

/** Below the answer's pace, one at a time, looked up already: nobody should cost much more or less than another. */
async function differentWork(): Promise<readonly string[]> {
  const body = Buffer.alloc(WORK_BYTES, 'x');
  const { 'address never seen': _, ...refusals } = refusalsOf(job, body);
  const kinds = Object.keys(refusals);
  const made = new Map(Object.entries(refusals).map(([kind, make]) => [kind, make()]));
  const send = (kind: string) => oracle.receive(made.get(kind) as Refused, body);
  await sampleTimes({ kinds, samples: 50, concurrency: 1, random, send });
  const taken = await sampleTimes({ kinds, samples: WORK_SAMPLES, concurrency: 1, random, send });
  tried += kinds.length * WORK_SAMPLES;
  return compareWork(taken, WORK_SHARE);
}
