import { randomBytes } from 'node:crypto';
import { createEmulator, defineEmulator } from 'emulate';
import { TestingError } from '../errors.ts';
import type { FaultSwitches } from '../front/fault-switches.ts';
import { startLoopbackFront, toFetchRequest } from '../front/loopback-front.ts';
import type { SeenRequest } from '../front/request-log.ts';
import {
  createOutboundWebhook,
  type OutboundDelivery,
  type OutboundTarget,
  type Tampering,
} from './outbound-webhook.ts';
import { buildServiceNowState, integrationUserName, type ServiceNowSeed, type ServiceNowState } from './seed.ts';
import { formatSysTime } from './sys-time.ts';
import { registerTableApi } from './table-api.ts';
import { createTableStore, type RecordChange, type TableStore } from './table-store.ts';
import { type Row, tables } from './tables.ts';
import {
  type BasicCredentials,
  createTokenIssuer,
  parseBasic,
  type ServiceNowOAuthOptions,
  type TokenIssuer,
} from './token-issuer.ts';
import { createServiceNowReplies } from './vendor-replies.ts';

export interface ServiceNowEmulatorOptions {
  /** Default 0: any free port. */
  port?: number;
  seed?: ServiceNowSeed;
  /** Default: an id, a secret and a refresh token made at start; read them from `oauth`. */
  oauth?: ServiceNowOAuthOptions;
  /** Also accepted as the user of the password grant. Default: Basic is refused. */
  basic?: BasicCredentials;
  outbound?: OutboundTarget;
  /** Milliseconds since the epoch; default `Date.now`. */
  clock?: () => number;
  /** Of the integration user: display values of times are in it, stored ones are UTC. Default `UTC`. */
  timeZone?: string;
}

/** What the API's callers really brought about; people's changes through `changeIncident` do not count. */
export interface ServiceNowEffects {
  /** Requests that created a record or changed one; each counts once, whatever it changed. */
  writes: number;
  /** Work notes added. */
  workNotes: number;
  /** Fields that got another value because a request asked for it; derived ones (priority) do not count. */
  fieldUpdates: number;
  /** Answered GETs on a table. */
  reads: number;
}

export interface JournalEntry {
  element: string;
  value: string;
  createdOn: string;
  createdBy: string;
}

export interface ServiceNowEmulator {
  readonly url: string;
  readonly port: number;
  readonly faults: FaultSwitches;
  readonly effects: Readonly<ServiceNowEffects>;
  readonly oauth: Readonly<ServiceNowOAuthOptions>;
  readonly requests: readonly SeenRequest[];
  readonly outboundDeliveries: readonly OutboundDelivery[];
  /** Access and refresh tokens that were handed out, so that a test can search logs and tables for them. */
  issuedTokens(): string[];
  /** Copies of all stored incidents. */
  incidents(): Row[];
  /** A copy of the stored incident, by number or sys_id. Throws `INCIDENT_UNKNOWN`. */
  incident(numberOrSysId: string): Row;
  /** Work notes and comments, oldest first. Throws `INCIDENT_UNKNOWN`. */
  journal(numberOrSysId: string): JournalEntry[];
  configureOutbound(target: OutboundTarget | undefined): void;
  /**
   * Changes an incident as a person in the UI: bumps `sys_mod_count` and sends the outbound webhook. Resolves when the
   * receiver has answered. Throws `INCIDENT_UNKNOWN`, `COLUMN_UNKNOWN`.
   */
  changeIncident(numberOrSysId: string, fields: Row, userName?: string): Promise<Row>;
  /**
   * Creates an incident as a person in the UI and sends the outbound webhook; columns that are given are taken as they are, the
   * system's too: a `sys_updated_on` of the past is a row whose transaction was long. Throws `SEED_INVALID`.
   */
  createIncident(fields: Row, userName?: string): Promise<Row>;
  /** As an ACL does: the integration user sees the incident no more, or again. Throws `INCIDENT_UNKNOWN`. */
  hideIncident(numberOrSysId: string, hidden?: boolean): void;
  /** Sends a delivery again under its id with a fresh timestamp, or a tampered copy of it. */
  redeliver(deliveryId: string, tampering?: Tampering): Promise<OutboundDelivery>;
  /** Resolves when no outbound webhook is under way. */
  outboundSettled(): Promise<void>;
  /** Access tokens stop working; with `refreshTokens` a new consent is needed as well. */
  revokeTokens(what?: { refreshTokens?: boolean }): void;
  /** Back to the seed: records, tokens, counters, faults, deliveries. The outbound target stays. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a ServiceNow instance's Table API, token endpoint and outbound webhook on 127.0.0.1. */
export async function startServiceNowEmulator(options: ServiceNowEmulatorOptions = {}): Promise<ServiceNowEmulator> {
  const clock = options.clock ?? Date.now;
  const oauth = options.oauth ?? generateOAuth();
  const integrationUser = options.basic?.user ?? integrationUserName;
  const effects: ServiceNowEffects = { writes: 0, workNotes: 0, fieldUpdates: 0, reads: 0 };
  const tokens = createTokenIssuer(oauth, options.basic, clock);
  const outbound = createOutboundWebhook(options.outbound, integrationUser, clock);
  const seeded = buildServiceNowState(options.seed ?? {}, integrationUser, formatSysTime(clock()));
  let state = seeded;
  const store = createTableStore(() => state, clock, options.timeZone);
  const hidden = new Set<string | undefined>();
  const definition = defineEmulator<ServiceNowState>({
    name: 'servicenow',
    state: () => seeded,
    cors: false,
    setup({ app, state: live, baseUrl }) {
      state = live;
      app.post('/oauth_token.do', async (c) =>
        tokens.answer(new URLSearchParams(await c.req.text()), c.req.header('authorization')),
      );
      registerTableApi(app, {
        store,
        baseUrl,
        authenticate: (authorization) => authenticate(authorization, tokens, options.basic, integrationUser),
        isHidden: (row) => hidden.has(row.sys_id),
        clock,
        onRead: () => {
          effects.reads += 1;
        },
        onWrite: (change) => {
          countWrite(effects, change);
          void outbound.send(change);
        },
      });
    },
  });
  const front = await startLoopbackFront({
    port: options.port ?? 0,
    replies: createServiceNowReplies(clock),
    respond: async (request) => (await behind).fetch(toFetchRequest(request)),
  });
  const behind = createEmulator({ service: definition, listen: false, baseUrl: front.url });
  await behind;

  return {
    url: front.url,
    port: front.port,
    faults: front.faults,
    effects,
    oauth,
    requests: front.requests.seen,
    outboundDeliveries: outbound.deliveries,
    issuedTokens: () => tokens.issuedTokens(),
    incidents: () => store.rows('incident').map((row) => ({ ...row })),
    incident: (key) => ({ ...findIncident(store, key) }),
    journal: (key) => readJournal(store, findIncident(store, key)),
    configureOutbound: (target) => outbound.configure(target),
    async changeIncident(key, fields, userName = 'beth.anglin') {
      const row = findIncident(store, key);
      const stray = Object.keys(fields).find((column) => !tables.incident.columns.includes(column));
      if (stray !== undefined)
        throw new TestingError('COLUMN_UNKNOWN', `incident has no column "${stray}"`, { details: { column: stray } });
      const change = store.update('incident', row, fields, userName);
      if (change) await outbound.send(change);
      return { ...row };
    },
    async createIncident(fields, userName = 'beth.anglin') {
      const change = store.create(fields, userName);
      await outbound.send(change);
      return { ...change.row };
    },
    hideIncident(key, hide = true) {
      const { sys_id } = findIncident(store, key);
      if (hide) hidden.add(sys_id);
      else hidden.delete(sys_id);
    },
    redeliver: async (id, tampering) => outbound.redeliver(id, tampering),
    outboundSettled: () => outbound.settled(),
    revokeTokens: (what) => tokens.revoke({ refreshTokens: what?.refreshTokens ?? false }),
    async reset() {
      front.faults.clear();
      hidden.clear();
      await outbound.settled();
      await (await behind).reset();
      tokens.reset();
      outbound.reset();
      front.requests.clear();
      Object.assign(effects, { writes: 0, workNotes: 0, fieldUpdates: 0, reads: 0 });
    },
    async close() {
      await outbound.close();
      await front.close();
      await (await behind).close();
    },
  };
}

function generateOAuth(): ServiceNowOAuthOptions {
  const secret = () => randomBytes(24).toString('base64url');
  return { clientId: randomBytes(16).toString('hex'), clientSecret: secret(), refreshToken: secret() };
}

function authenticate(
  authorization: string | undefined,
  tokens: TokenIssuer,
  basic: BasicCredentials | undefined,
  integrationUser: string,
): string | undefined {
  const bearer = /^Bearer ([\w-]+)$/i.exec(authorization ?? '')?.[1];
  if (bearer !== undefined) return tokens.isValid(bearer) ? integrationUser : undefined;
  const pair = parseBasic(authorization);
  const isKnown =
    pair !== undefined && basic !== undefined && pair.user === basic.user && pair.password === basic.password;
  return isKnown ? integrationUser : undefined;
}

function countWrite(effects: ServiceNowEffects, change: RecordChange): void {
  effects.writes += 1;
  effects.fieldUpdates += change.requestedFields.length;
  effects.workNotes += change.changedFields.filter((field) => field === 'work_notes').length;
}

function findIncident(store: TableStore, key: string): Row {
  const row = store.rows('incident').find((incident) => incident.number === key || incident.sys_id === key);
  if (!row)
    throw new TestingError('INCIDENT_UNKNOWN', `the emulator has no incident ${key}`, { details: { incident: key } });
  return row;
}

function readJournal(store: TableStore, incident: Row): JournalEntry[] {
  return store
    .rows('sys_journal_field')
    .filter((entry) => entry.element_id === incident.sys_id)
    .map((entry) => ({
      element: entry.element ?? '',
      value: entry.value ?? '',
      createdOn: entry.sys_created_on ?? '',
      createdBy: entry.sys_created_by ?? '',
    }));
}
