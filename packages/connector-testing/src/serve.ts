import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { isConnectorError } from '@org/connector-sdk';
import { parseEmulatorsConfig } from './control/emulators-config.ts';
import { startEmulatorsProcess } from './control/emulators-process.ts';
import { TestingError } from './errors.ts';

/** `node serve.js [config.json]`: the config is a file or, without an argument, standard input. Prints one JSON line when ready. */
async function main(configPath: string | undefined): Promise<void> {
  const config = parseEmulatorsConfig(configPath === undefined ? await text(process.stdin) : readConfig(configPath));
  const stopped = Promise.withResolvers<void>();
  const { ready, close } = await startEmulatorsProcess(config, stopped.resolve);
  process.once('SIGINT', stopped.resolve);
  process.once('SIGTERM', stopped.resolve);
  // A driver that forked this process and died must not leave it behind.
  process.once('disconnect', stopped.resolve);
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  await stopped.promise;
  await close();
  // An open IPC channel would keep the process alive.
  if (process.connected) process.disconnect?.();
}

function readConfig(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new TestingError('CONFIG_INVALID', `cannot read the emulators config ${path}; give a readable JSON file`, {
      cause,
    });
  }
}

main(process.argv[2]).catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${isConnectorError(error) ? `${error.code}: ` : ''}${message}\n`);
  const isUsage = isConnectorError(error) && (error.code === 'CONFIG_INVALID' || error.code === 'SEED_INVALID');
  process.exitCode = isUsage ? 2 : 3;
});
