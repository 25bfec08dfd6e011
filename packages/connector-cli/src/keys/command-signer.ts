import { type ChildProcess, spawn } from 'node:child_process';
import { parsePublicKey, type Signer } from '@org/connector-artifact';
import { CliError } from '../errors.ts';
import type { Terminal } from '../terminal.ts';

export interface SigningCommand {
  /** Program and arguments; no shell reads them. */
  readonly argv: readonly [program: string, ...args: string[]];
  readonly publicKeyPem: string;
  /** A person may have to touch a hardware key within it. */
  readonly timeoutMs: number;
}

const SIGNATURE_BYTES = 64;
/** 64 bytes as base64. */
const SIGNATURE_TEXT = /^[A-Za-z0-9+/]{86}==$/;
const MAX_ANSWER_BYTES = 1_000;
const MAX_PROGRESS_BYTES = 10_000;

/**
 * A signer that asks a program, so that the key can stay in a KMS or a hardware token: it gets the bytes to sign (DSSE v1
 * pre-authentication encoding) on standard input, and answers the Ed25519 signature on standard output, as 64 bytes or their
 * base64. What it writes to standard error is shown. Whoever signs with it checks the answer against the public key.
 * @throws CliError `CLI_KEY_COMMAND_FAILED` from `sign`; ArtifactError `ARTIFACT_KEY_*` for the public key.
 */
export function createCommandSigner(command: SigningCommand, terminal: Terminal): Signer {
  const { keyId, pem } = parsePublicKey(command.publicKeyPem);
  return {
    keyId,
    publicKeyPem: pem,
    sign: async (message) => parseSignature(command, await ask(command, message, terminal)),
  };
}

function ask(command: SigningCommand, message: Uint8Array, terminal: Terminal): Promise<Buffer> {
  const [program, ...args] = command.argv;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const child = spawn(program, args, { cwd: terminal.cwd, env: terminal.env, stdio: 'pipe', shell: false });
  const fail = (why: string, cause?: unknown) => {
    clearTimeout(timer);
    child.kill('SIGKILL');
    // A program that it started may live on with its pipes, and must neither keep this one waiting nor flood it.
    for (const stream of child.stdio) stream?.destroy();
    reject(failed(command, why, cause));
  };
  const timer = setTimeout(() => fail(`it took longer than ${command.timeoutMs / 1000} s`), command.timeoutMs);
  const answer: Buffer[] = [];
  let answered = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    answered += chunk.length;
    if (answered > MAX_ANSWER_BYTES) fail(`it answered more than ${MAX_ANSWER_BYTES} bytes`);
    else answer.push(chunk);
  });
  showProgress(child, terminal);
  // A program that needs no more input may close it; its answer tells whether it had enough.
  child.stdin.on('error', () => {});
  child.stdin.end(message);
  child.on('error', (cause) => fail('it could not be started', cause));
  child.on('exit', (code, signal) => {
    if (code !== 0) fail(`it ended with ${signal ?? `exit code ${code}`}`);
  });
  // Only then was its whole answer read.
  child.on('close', () => {
    clearTimeout(timer);
    resolve(Buffer.concat(answer));
  });
  return promise;
}

function showProgress(child: ChildProcess, { err }: Terminal): void {
  let shown = 0;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    shown += text.length;
    if (shown <= MAX_PROGRESS_BYTES) err(text.trimEnd());
  });
}

function parseSignature(command: SigningCommand, answer: Buffer): Uint8Array {
  if (answer.length === SIGNATURE_BYTES) return new Uint8Array(answer);
  const text = answer.toString('latin1').trim();
  if (SIGNATURE_TEXT.test(text)) return new Uint8Array(Buffer.from(text, 'base64'));
  throw failed(command, `it answered ${answer.length} bytes that are no signature (64 bytes, or their base64)`);
}

/** Names the program only: its arguments may say more than a log should have. */
function failed({ argv: [program] }: SigningCommand, why: string, cause?: unknown): CliError {
  const message = `The signing command ${program} gave no signature: ${why}; run it by hand to see what it needs`;
  return new CliError('CLI_KEY_COMMAND_FAILED', message, { details: { program }, cause });
}
