import { defineRuntimeConfig } from '@org/connector-runtime';

/** The value of an environment variable that must be there. */
function env(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`set ${name} in the environment`);
  return value;
}

/** One config for all nodes: only the port differs, and the public address is the proxy's. */
export default defineRuntimeConfig({
  port: Number(env('NODE_PORT')),
  publicUrl: env('PUBLIC_URL'),
  database: { url: env('DATABASE_URL') },
  masterKey: env('MASTER_KEY'),
  admin: { token: env('ADMIN_TOKEN') },
  trust: env('TRUST_FILE'),
  artifacts: [env('CONNECTOR_FILE')],
  workflows: [{ name: 'see', on: 'servicenow.incident-changed', run: async () => undefined }],
  http: {
    trustedProxies: ['127.0.0.1'],
    // Longer than the proxy takes to see that a node drains.
    drainSeconds: 1,
  },
  log: { level: 'warn' },
});
