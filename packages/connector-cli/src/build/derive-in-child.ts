import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { build } from 'esbuild';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import { BUNDLE_OPTIONS } from './bundle.ts';

const DERIVE_TIMEOUT_MS = 30_000;

const answerSchema = z.union([
  z.object({ manifest: z.string() }),
  z.object({ notAConnector: z.literal(true) }),
  z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
]);

/**
 * Derives the manifest of a built connector, in a process of its own that has no files, no network and no environment:
 * what the manifest says cannot depend on the machine it was built on.
 * @param folder where the connector's own `@org/connector-sdk` is found.
 * @returns the text of `manifest.json`.
 * @throws CliError `BUILD_NOT_A_CONNECTOR`, `BUILD_DERIVE_FAILED` with the SDK's reason.
 */
export async function deriveInChild(
  folder: string,
  code: string,
  version: string,
  conditions: readonly string[] = [],
): Promise<string> {
  const answer = answerSchema.safeParse(await runAlone(await deriveProgram(folder, code, version, conditions)));
  if (!answer.success) throw failed('it ended without an answer; does its code wait for something, or exit?');
  if ('manifest' in answer.data) return answer.data.manifest;
  if ('error' in answer.data) throw failed(answer.data.error.message, answer.data.error.code);
  throw new CliError(
    'BUILD_NOT_A_CONNECTOR',
    "The entry's default export is no connector; write `export default defineConnector({ … })`",
  );
}

async function deriveProgram(
  folder: string,
  code: string,
  version: string,
  conditions: readonly string[],
): Promise<string> {
  const contents = `
    import connector from 'built:connector';
    import { deriveManifest, manifestBytes } from '@org/connector-sdk';
    const isConnector = typeof connector === 'object' && connector !== null && 'actions' in connector && 'connection' in connector;
    let answer = { notAConnector: true };
    if (isConnector) {
      try {
        const manifest = deriveManifest(connector, { version: ${JSON.stringify(version)} });
        answer = { manifest: new TextDecoder().decode(manifestBytes(manifest)) };
      } catch (error) {
        answer = { error: { code: String(error?.code ?? error?.name), message: String(error?.message ?? error) } };
      }
    }
    process.send(answer, () => process.exit(0));
  `;
  const result = await build({
    ...BUNDLE_OPTIONS,
    stdin: { contents, resolveDir: folder, sourcefile: 'derive' },
    absWorkingDir: folder,
    conditions: [...conditions],
    plugins: [
      {
        name: 'built-connector',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^built:connector$/ }, () => ({ path: 'connector', namespace: 'built' }));
          onLoad({ filter: /.*/, namespace: 'built' }, () => ({ contents: code, resolveDir: folder }));
        },
      },
    ],
  }).catch((cause: unknown) => {
    throw failed(`@org/connector-sdk is not installed in ${folder}; add it to its dependencies`, undefined, cause);
  });
  return result.outputFiles[0]?.text ?? '';
}

async function runAlone(program: string): Promise<unknown> {
  const child = spawn(process.execPath, ['--permission', '--input-type=module', '-'], {
    env: {},
    stdio: ['pipe', 'ignore', 'pipe', 'ipc'],
    timeout: DERIVE_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  let answer: unknown;
  let complaint = '';
  child.on('message', (message) => {
    answer = message;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, 20_000);
  });
  // The child may end before it has read everything; its exit tells why.
  child.stdin?.on('error', () => {}).end(program);
  await once(child, 'close');
  if (answer !== undefined) return answer;
  const reason = complaint.split('\n').find((line) => /^\w*Error\b/.test(line));
  if (reason !== undefined) throw failed(`it fails while it loads: ${reason}`);
  return undefined;
}

function failed(why: string, code?: string, cause?: unknown): CliError {
  const details = code === undefined ? {} : { reason: code };
  return new CliError('BUILD_DERIVE_FAILED', `The manifest cannot be derived from the connector: ${why}`, {
    details,
    cause,
  });
}
