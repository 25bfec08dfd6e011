import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { TestingError } from '../errors.ts';
import { type BehindFront, startBehindFront } from '../front/behind-front.ts';
import type { FaultSwitches } from '../front/fault-switches.ts';
import { startLoopbackFront } from '../front/loopback-front.ts';
import type { SeenRequest } from '../front/request-log.ts';
import { answerGitHubCall, type GitHubEffects } from './github-front.ts';
import { githubReplies } from './github-replies.ts';
import { createPersonCall } from './person-call.ts';
import { defaultRepository, type RepositorySeed, seedRepository } from './repository-seed.ts';

export interface GitHubEmulatorOptions {
  /** Default 0: any free port. */
  port?: number;
  /** The organisation that owns the repositories; default `acme`. */
  owner?: string;
  repositories?: RepositorySeed[];
  app?: {
    appId?: number;
    installationId?: number;
    /** An RSA key in PEM; default: made at start. */
    privateKeyPem?: string;
    /** Default: read on contents, issues, pull requests and metadata. */
    permissions?: Record<string, 'read' | 'write'>;
  };
  /** Milliseconds since the epoch, for the checks of JWTs and tokens; default `Date.now`. */
  clock?: () => number;
}

export interface GitHubEmulator {
  readonly url: string;
  readonly port: number;
  readonly owner: string;
  readonly app: { readonly appId: number; readonly installationId: number; readonly privateKeyPem: string };
  readonly effects: Readonly<GitHubEffects>;
  readonly faults: FaultSwitches;
  readonly requests: readonly SeenRequest[];
  /** Installation tokens that were handed out, so that a test can search logs and tables for them. */
  issuedTokens(): string[];
  /**
   * One call of the API as a person who may do anything, such as one that opens an issue or makes a webhook; gives the answer's
   * JSON. Throws `EMULATOR_CALL_REFUSED`.
   */
  actAsPerson(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Installation tokens stop working. */
  revokeTokens(): void;
  reset(): Promise<void>;
  close(): Promise<void>;
}

const readOnly: Record<string, 'read' | 'write'> = {
  contents: 'read',
  issues: 'read',
  pull_requests: 'read',
  metadata: 'read',
};

/** Starts GitHub's REST API with one installed GitHub App on 127.0.0.1: emulate's API behind a front that checks credentials. */
export async function startGitHubEmulator(options: GitHubEmulatorOptions = {}): Promise<GitHubEmulator> {
  const clock = options.clock ?? Date.now;
  const owner = options.owner ?? 'acme';
  const repositories = options.repositories ?? [defaultRepository];
  const privateKeyPem = options.app?.privateKeyPem ?? generatePrivateKey();
  const app = {
    appId: options.app?.appId ?? 41001,
    installationId: options.app?.installationId ?? 52002,
    privateKeyPem,
  };
  const publicKey = createPublicKey(privateKeyPem);
  const effects: GitHubEffects = { reads: 0, tokens: 0 };
  const tokens = new Map<string, number>();
  let behind: BehindFront | undefined;
  const front = await startLoopbackFront({
    port: options.port ?? 0,
    replies: githubReplies,
    respond: (request) =>
      answerGitHubCall(request, {
        behindUrl: behind?.url ?? '',
        app: { appId: app.appId, publicKey },
        repositories: repositories.map(({ name }) => `${owner}/${name}`),
        tokens,
        effects,
        clock,
      }),
  });
  // Knows how to write, is never given out, and never passes the front.
  const seedToken = `ghp_${randomBytes(18).toString('hex')}`;
  const seed = {
    tokens: { [seedToken]: { login: 'seeder', scopes: ['repo', 'user', 'admin:org'] } },
    github: {
      users: [{ login: 'seeder', name: 'Seeder', site_admin: true }],
      orgs: [{ login: owner, name: owner, members: [{ login: 'seeder', role: 'admin' }] }],
      repos: repositories.map(({ name, private: isPrivate }) => ({
        owner,
        name,
        private: isPrivate ?? true,
        auto_init: true,
      })),
      apps: [
        {
          app_id: app.appId,
          slug: 'connector',
          name: 'Connector',
          private_key: privateKeyPem,
          permissions: options.app?.permissions ?? readOnly,
          installations: [{ installation_id: app.installationId, account: owner, repository_selection: 'all' }],
        },
      ],
    },
  };
  const started = await startBehindFront({ service: 'github', seed }, front.url);
  behind = started;
  const callAsPerson = createPersonCall(started.url, seedToken);
  const fill = async () => {
    for (const repository of repositories) await seedRepository(callAsPerson, owner, repository);
  };
  const close = async () => {
    await front.close();
    await started.emulator.close();
  };
  await fill().catch(async (error: unknown) => {
    await close();
    throw error;
  });

  return {
    url: front.url,
    port: front.port,
    owner,
    app,
    effects,
    faults: front.faults,
    requests: front.requests.seen,
    issuedTokens: () => [...tokens.keys()],
    async actAsPerson(method, path, body) {
      const { ok, status, json } = await callAsPerson(method, path, body);
      if (ok) return json;
      const details = { method, path, status };
      throw new TestingError('EMULATOR_CALL_REFUSED', `${method} ${path} was refused; see details`, { details });
    },
    revokeTokens: () => tokens.clear(),
    async reset() {
      front.faults.clear();
      started.emulator.reset();
      await fill();
      tokens.clear();
      front.requests.clear();
      Object.assign(effects, { reads: 0, tokens: 0 });
    },
    close,
  };
}

/** PKCS#1, the form in which GitHub hands out an App's key. */
function generatePrivateKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
}
