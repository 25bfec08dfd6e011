import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { Quarantine } from './artifacts/index.ts';
import { type AuditConfig, type AuditOptions, audit as auditSchema, toAuditOptions } from './config-audit.ts';
import { type HttpConfig, type HttpOptions, http as httpSchema } from './config-http.ts';
import {
  type MasterKey,
  type MasterKeyConfig,
  masterKey as masterKeySchema,
  type SecretReferencesConfig,
  secretReferences as secretReferencesSchema,
  toMasterKey,
  toSecretReferences,
} from './config-keys.ts';
import { type Limits, type LimitsConfig, limits } from './config-limits.ts';
import { type PollingConfig, polling as pollingSchema } from './config-polling.ts';
import { problemsOf } from './config-problems.ts';
import type { PollingSettings } from './polling/index.ts';
import type { Retention } from './retention.ts';
import type { AnyWorkflow } from './runs/index.ts';
import type { StoreOptions } from './store/index.ts';
import { type LogLevel, logLevels } from './telemetry/index.ts';
import { RuntimeError } from './types/errors.ts';
import { Secret } from './types/secret.ts';

/** What a config file exports. Paths in it are relative to the file. */
export interface RuntimeConfig {
  /** TCP port to listen on; 0 takes a free one. There is no default. */
  readonly port: number;
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /**
   * How the outside reaches this runtime: webhook addresses and audit links begin with it, never with a request's `Host`. With
   * a path where it is mounted at one. https, except on loopback.
   */
  readonly publicUrl: string;
  /** A Postgres of your own, or a directory in which the runtime keeps one. */
  readonly database: { readonly url: string } | { readonly dataDir: string; readonly port?: number };
  /**
   * Wraps the keys that seal every stored secret; losing it loses them. Base64 of 32 random bytes, `{ file }` or `{ env }` where
   * that is, or a key service: `{ transit }`, `{ awsKms }`, or a `{ wrapper }` of your own.
   */
  readonly masterKey: MasterKeyConfig;
  /** Still open what they wrapped, until `connector-runtime keys rotate-master` has wrapped it anew. Default: none. */
  readonly previousMasterKeys?: readonly MasterKeyConfig[];
  /** The vault and the region that tenants' secret references are read from. Default: none. */
  readonly secretReferences?: SecretReferencesConfig;
  readonly admin: {
    /** Bearer token of the admin API, at least 32 characters. */
    readonly token: string;
  };
  /** Path of the trust policy (`trust.json`): whose connectors may run. */
  readonly trust: string;
  readonly workflows: readonly AnyWorkflow[];
  /** Paths of connector artifacts that are added at start. */
  readonly artifacts?: readonly string[];
  /**
   * What an artifact that is new here waits for before it can be enabled or loaded: nothing (`none`, the default), a
   * promotion by another administrator than who added it (`second-person`), or hours, which such a promotion ends.
   * Artifacts of the config are added by `system`.
   */
  readonly quarantine?: Quarantine;
  readonly egress?: {
    /** Hosts and CIDRs on private networks that connectors may reach after all. Default: none. */
    readonly allowPrivate: readonly string[];
  };
  /** What is in front of it: trusted proxies, HTTP/2, how long to drain. */
  readonly http?: HttpConfig;
  /**
   * How many days deliveries are kept, with their bodies: those that are done (`deliveryDays`, default 30) and those that are
   * dead (`deadDeliveryDays`, default 90). At least 30: one that comes again later is no duplicate any more.
   */
  readonly retention?: Partial<Retention>;
  /** Who signs the heads of the audit's chains. Default: nobody. */
  readonly audit?: AuditConfig;
  /** How connectors are asked for what webhooks missed. */
  readonly polling?: PollingConfig;
  /** What senders of webhooks, and connections, may cost. Each limit has a default. */
  readonly limits?: LimitsConfig;
  readonly log?: { readonly level: LogLevel };
}

/** A config that was checked: paths are absolute, secrets can't be printed, defaults are filled in. */
export interface RuntimeOptions {
  readonly port: number;
  readonly host: string;
  /** Without a slash at its end. */
  readonly publicUrl: string;
  readonly database: StoreOptions;
  readonly masterKey: MasterKey;
  readonly previousMasterKeys: readonly MasterKey[];
  readonly secretReferences: SecretReferencesConfig;
  readonly admin: { readonly token: Secret };
  readonly trust: string;
  readonly workflows: readonly AnyWorkflow[];
  readonly artifacts: readonly string[];
  readonly quarantine: Quarantine;
  readonly egress: { readonly allowPrivate: readonly string[] };
  readonly http: HttpOptions;
  readonly retention: Retention;
  readonly audit: AuditOptions;
  readonly polling: PollingSettings;
  readonly limits: Limits;
  readonly log: { readonly level: LogLevel };
}

/** Types a config file's default export. Pure; it is checked when the runtime starts. */
export function defineRuntimeConfig(config: RuntimeConfig): RuntimeConfig {
  return config;
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

const publicUrl = z
  .url({ protocol: /^https?$/, error: 'must be a URL like https://connectors.example.com' })
  .refine((text) => !/[?#@]/.test(text), 'must have no query, fragment or credentials')
  .refine(
    (text) => /^(?:\/[A-Za-z0-9._~-]+)*\/?$/.test(new URL(text).pathname),
    'must have a plain path, such as https://example.com/connectors, or none',
  )
  .refine(
    (text) => new URL(text).protocol === 'https:' || loopback.has(new URL(text).hostname),
    'must begin with https:// (http:// is for loopback only)',
  );

const workflow = z.custom<AnyWorkflow>((value) => {
  const { name, on, run } = (value ?? {}) as Partial<Record<keyof AnyWorkflow, unknown>>;
  return typeof name === 'string' && typeof on === 'string' && typeof run === 'function';
}, 'must be a workflow made by defineWorkflow');

const keptDays = z.int().min(30, 'must be at least 30: until then a redelivery is a duplicate').max(3650);

const tcpPort = z.int().min(0).max(65535);

const schema = z.strictObject({
  port: tcpPort,
  host: z.string().min(1).default('127.0.0.1'),
  publicUrl,
  database: z.union(
    [
      z.strictObject({ url: z.string().regex(/^postgres(ql)?:\/\//) }),
      z.strictObject({ dataDir: z.string().min(1), port: tcpPort.min(1).optional() }),
    ],
    "must be { url: 'postgres://…' } or { dataDir: './data' }",
  ),
  masterKey: masterKeySchema,
  previousMasterKeys: z.array(masterKeySchema).default([]),
  secretReferences: secretReferencesSchema,
  admin: z.strictObject({
    token: z.string().min(32, 'must have at least 32 characters: generate one with "openssl rand -base64 32"'),
  }),
  trust: z.string().min(1),
  workflows: z.array(workflow).superRefine((workflows, context) => {
    const names = workflows.map(({ name }) => name);
    const twice = names.find((name, at) => names.indexOf(name) !== at);
    if (names.includes('invoke')) {
      context.addIssue({ code: 'custom', message: "has one named invoke, which is the runtime's own: rename it" });
    }
    if (twice !== undefined) context.addIssue({ code: 'custom', message: `has two workflows named ${twice}` });
  }),
  artifacts: z.array(z.string().min(1)).default([]),
  quarantine: z
    .union(
      [z.enum(['none', 'second-person']), z.strictObject({ waitHours: z.number().positive().max(8760) })],
      "must be 'none', 'second-person' or { waitHours: 24 }",
    )
    .default('none'),
  egress: z.strictObject({ allowPrivate: z.array(z.string().min(1)) }).default({ allowPrivate: [] }),
  http: httpSchema,
  retention: z
    .strictObject({ deliveryDays: keptDays.default(30), deadDeliveryDays: keptDays.default(90) })
    .default({ deliveryDays: 30, deadDeliveryDays: 90 }),
  audit: auditSchema,
  polling: pollingSchema,
  limits,
  log: z.strictObject({ level: z.enum(logLevels) }).default({ level: 'info' }),
});

/**
 * Checks a config. `file` is where it came from; its paths are relative to it.
 *
 * @throws RuntimeError `CONFIG_INVALID`, with one line per problem in `details.problems`
 */
export function parseRuntimeOptions(config: unknown, file: string): RuntimeOptions {
  const parsed = schema.safeParse(config);
  if (!parsed.success) {
    const problems = problemsOf(parsed.error, config).map((problem) => `${file}: ${problem}`);
    throw new RuntimeError('CONFIG_INVALID', problems.join('\n'), { details: { problems } });
  }
  const { database, masterKey, previousMasterKeys, admin, trust, artifacts, ...rest } = parsed.data;
  const folder = dirname(resolve(file));
  return {
    ...rest,
    publicUrl: new URL(rest.publicUrl).href.replace(/\/$/, ''),
    database: toStoreOptions(database, folder),
    masterKey: toMasterKey(masterKey, folder),
    previousMasterKeys: previousMasterKeys.map((key) => toMasterKey(key, folder)),
    secretReferences: toSecretReferences(rest.secretReferences, folder),
    admin: { token: new Secret(admin.token) },
    trust: resolve(folder, trust),
    audit: toAuditOptions(rest.audit, folder),
    artifacts: artifacts.map((path) => resolve(folder, path)),
  };
}

function toStoreOptions(database: z.infer<typeof schema>['database'], folder: string): StoreOptions {
  if ('url' in database) return { databaseUrl: database.url };
  const { dataDir, port } = database;
  return { dataDir: resolve(folder, dataDir), ...(port === undefined ? {} : { port }) };
}
