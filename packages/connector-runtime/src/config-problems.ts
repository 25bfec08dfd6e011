import type { z } from 'zod';

/** What to do about a field that is missing. */
const hints: Readonly<Record<string, string>> = {
  port: 'set the port to listen on, for example port: 8080',
  publicUrl: "set how the outside reaches this runtime, for example publicUrl: 'https://connectors.example.com'",
  database: "set database: { dataDir: './data' } or { url: 'postgres://…' }",
  masterKey: 'generate one with "openssl rand -base64 32" and pass it in from the environment',
  admin: 'set admin: { token: … } with at least 32 characters',
  'admin.token': 'generate one with "openssl rand -base64 32" and pass it in from the environment',
  trust: "name the trust policy's file, for example trust: './trust.json'",
  workflows: 'list the workflows, [] if there are none',
};

/** One line for each thing that is wrong: where, what, what to do. Values are not repeated, they may be secrets. */
export function problemsOf(error: z.ZodError, config: unknown): string[] {
  if (typeof config !== 'object' || config === null) {
    return ['exports no config: write "export default defineRuntimeConfig({ … })"'];
  }
  return error.issues.map((issue) => {
    const path = issue.path.map(String).join('.');
    if (issue.code === 'unrecognized_keys') {
      return `${path === '' ? '' : `${path}: `}unknown option ${issue.keys.join(', ')}: remove it or correct its name`;
    }
    const missing = valueAt(config, issue.path) === undefined;
    const hint = hints[path];
    if (missing) return `${path} is missing${hint === undefined ? '' : `: ${hint}`}`;
    return `${path} ${issue.message.replace(/^Invalid input: expected/, 'must be')}${issue.code === 'invalid_type' && hint !== undefined ? `: ${hint}` : ''}`;
  });
}

function valueAt(config: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    config,
  );
}
