import { keepRunning } from './running-runtime.ts';

// Loaded by Node, not bundled: it starts processes from files of its own.
const { createRuntime, loadConfigFile } = await import(/* turbopackIgnore: true */ '@org/connector-runtime');
const runtime = await createRuntime(await loadConfigFile(process.env.RUNTIME_CONFIG ?? 'runtime.config.ts'));
await runtime.start();
keepRunning(runtime);

// NEXT_MANUAL_SIG_HANDLE=true leaves the signal to us. Next's own ending knows nothing of a runtime's.
process.once('SIGTERM', async () => {
  await runtime.stop();
  process.exit(0);
});
