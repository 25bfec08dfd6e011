// Tries one share of the tampering, in a process whose memory is measured. Started by tamper.fault.ts.
import { seededRandom } from '../fault.ts';
import { leaveOut } from '../leave-out.ts';
import type { TamperAnswer, TamperJob } from './job.ts';

// Millions of refusals: where each was thrown would cost more than the verification.
Error.stackTraceLimit = 0;
const job = JSON.parse(process.argv[2] ?? '') as TamperJob;
if (job.leftOut) leaveOut(job.leftOut);
// Not static: what is left out must be so before the product is loaded.
const { tamper } = await import('./tamper.ts');
const found = await tamper(job, seededRandom(job.seed));
const answer: TamperAnswer = { ...found, peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024) };
process.stdout.write(JSON.stringify(answer));
