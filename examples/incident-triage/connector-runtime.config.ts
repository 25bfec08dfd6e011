import { defineRuntimeConfig } from '@org/connector-runtime';
import { incidentTriage } from './src/workflow.ts';

/** The value of an environment variable that must be there. */
function env(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`set ${name} in the environment`);
  return value;
}

/** What `connector-runtime serve` runs. Secrets come from the environment; tenants and connections from the admin API. */
export default defineRuntimeConfig({
  port: Number(env('TRIAGE_PORT')),
  publicUrl: env('TRIAGE_PUBLIC_URL'),
  database: process.env.DATABASE_URL ? { url: process.env.DATABASE_URL } : { dataDir: env('TRIAGE_DATA_DIR') },
  masterKey: env('TRIAGE_MASTER_KEY'),
  admin: { token: env('TRIAGE_ADMIN_TOKEN') },
  trust: env('TRIAGE_TRUST_FILE'),
  workflows: [
    incidentTriage({
      owner: env('TRIAGE_GITHUB_OWNER'),
      repo: env('TRIAGE_GITHUB_REPO'),
      channel: env('TRIAGE_SLACK_CHANNEL'),
    }),
  ],
  // The emulators live on loopback, where no SaaS is: a production config leaves this out.
  egress: { allowPrivate: ['127.0.0.1'] },
  log: { level: 'debug' },
});
