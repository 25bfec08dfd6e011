// Tries what must not be trusted, on a runtime of its own. Started by trust.fault.ts.
import { seededRandom } from '../fault.ts';
import { leaveOut } from '../leave-out.ts';
import type { TrustAnswer, TrustJob } from './job.ts';

const job = JSON.parse(process.argv[2] ?? '') as TrustJob;
if (job.leftOut) leaveOut(job.leftOut);
// Not static: what is left out must be so before the product is loaded.
const { tryTrust } = await import('./try-trust.ts');
const answer: TrustAnswer = await tryTrust(job, seededRandom(job.seed));
process.stdout.write(JSON.stringify(answer));
