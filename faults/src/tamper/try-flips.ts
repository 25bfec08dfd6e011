import { createHash, type Hash } from 'node:crypto';
import { compareSubjects, listSubjects, subjectDigest } from '@org/connector-artifact';
import type { Judge } from './judge.ts';
import type { TestRelease } from './test-release.ts';

const CODE = 'connector.mjs';
const BITS = 8;

/** Random bits of every file; of one file, a bit of every byte. */
export function trySomeBits(
  release: TestRelease,
  judge: Judge,
  random: () => number,
  { flipsPerFile, everyByte }: { readonly flipsPerFile: number; readonly everyByte?: string },
): void {
  for (const [name, bytes] of release.files) {
    const all = name === everyByte;
    const flips = all ? bytes.length : flipsPerFile;
    for (let i = 0; i < flips; i += 1) {
      const at = all ? i : Math.floor(random() * bytes.length);
      tryFlip(release, judge, name, at, Math.floor(random() * BITS));
    }
  }
}

/** Random bits of the code. */
export function tryBitsOfCode(release: TestRelease, judge: Judge, random: () => number, flips: number): void {
  const length = release.files.get(CODE)?.length ?? 0;
  for (let i = 0; i < flips; i += 1) {
    tryFlip(release, judge, CODE, Math.floor(random() * length), Math.floor(random() * BITS));
  }
}

/** Every bit of every file but the code. */
export function tryEveryBit(release: TestRelease, judge: Judge): void {
  for (const [name, bytes] of release.files) {
    if (name === CODE) continue;
    for (let at = 0; at < bytes.length; at += 1) {
      for (let bit = 0; bit < BITS; bit += 1) tryFlip(release, judge, name, at, bit);
    }
    process.stderr.write(`every bit of ${name} (${bytes.length} bytes)\n`);
  }
}

/** In place: the verifier keeps a copy of its own. */
function tryFlip({ files }: TestRelease, judge: Judge, name: string, at: number, bit: number): void {
  const bytes = files.get(name) ?? new Uint8Array();
  const original = bytes[at] ?? 0;
  bytes[at] = original ^ (1 << bit);
  judge.expectRefused(`bit ${bit} of byte ${at} of ${name}`, files, [name]);
  bytes[at] = original;
}

/**
 * Every bit of a range of the code. The whole verification of each would hash half a megabyte eight million times; so the
 * hash of what comes before is kept and only the rest is hashed, the changed digest goes into the list of files as the
 * verifier makes it, and the verifier's own step judges that list. Random ones go through everything.
 */
export function tryEveryBitOfCode(
  release: TestRelease,
  judge: Judge,
  random: () => number,
  { from, to, whole }: { readonly from: number; readonly to: number; readonly whole: number },
): void {
  const code = release.files.get(CODE) ?? new Uint8Array();
  const subjects = listSubjects(release.files);
  const statement = { subject: structuredClone(subjects) };
  const listed = subjects.find(({ name }) => name === CODE);
  if (!listed) throw new Error('the artifact has no code');
  const before: Hash = createHash('sha256').update(code.subarray(0, from));
  for (let at = from; at < Math.min(to, code.length); at += 1) {
    const original = code[at] ?? 0;
    for (let bit = 0; bit < BITS; bit += 1) {
      code[at] = original ^ (1 << bit);
      listed.digest.sha256 = before.copy().update(code.subarray(at)).digest('hex');
      judge.expectThrown(`bit ${bit} of byte ${at} of ${CODE}`, () => compareSubjects(statement, subjects), CODE);
    }
    code[at] = original;
    before.update(code.subarray(at, at + 1));
  }
  tryBitsOfCode(release, judge, random, whole);
  if (subjectDigest(release.files) !== release.digest) throw new Error('the code was not put back as it was');
  process.stderr.write(`every bit of ${CODE} from ${from} to ${to}\n`);
}
