import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildConnector } from '../src/index.ts';

const PACKAGE = dirname(dirname(fileURLToPath(import.meta.url)));

const SOURCE = `
import { defineAction, defineConnection, defineConnector } from '@org/connector-sdk';
import { z } from 'zod';
import { ticketPath } from './ticket-path.ts';

const getTicket = defineAction({
  title: 'Get a ticket',
  description: 'Reads one ticket.',
  effect: 'read',
  risk: 'low',
  scopes: ['ticket.read'],
  input: z.strictObject({ id: z.string().min(1).max(40) }),
  output: z.object({ subject: z.string() }),
  async run({ input, http }) {
    const response = await http.request({ url: ticketPath(input.id) });
    return response.json(z.object({ subject: z.string() }));
  },
});

export default defineConnector({
  id: 'acme-desk',
  publisher: 'acme',
  title: 'Acme Desk',
  description: 'Reads tickets.',
  engines: { runtime: '>=0.1.0' },
  scopes: { 'ticket.read': { title: 'Read tickets', description: 'See tickets and their text.', provider: [] } },
  connection: defineConnection({
    config: z.strictObject({ region: z.enum(['eu', 'us']) }),
    auth: { token: { kind: 'api_key', title: 'Token', header: 'authorization' } },
    allowedHosts: ['desk.example'],
    baseUrl: 'https://desk.example',
    rateLimit: { requestsPerMinute: 60, concurrency: 2 },
    test: async () => ({ account: 'acme' }),
  }),
  actions: { 'get-ticket': getTicket },
});
`;

export interface DeskOptions {
  /** The `connector` member of package.json. */
  readonly config?: Record<string, unknown>;
  /** Other members of package.json. */
  readonly package?: Record<string, unknown>;
  /** Further files, or other texts of these, by path. */
  readonly files?: Record<string, string>;
}

/** A small connector package in a new folder under `parent`; its dependencies are those of this package. */
export async function writeDeskConnector(parent: string, name: string, options: DeskOptions = {}): Promise<string> {
  const folder = join(parent, name);
  const files: Record<string, string> = {
    'package.json': JSON.stringify({
      name: '@acme/desk',
      version: '1.4.0',
      type: 'module',
      connector: { entry: 'src/connector.ts', ...options.config },
      ...options.package,
    }),
    'README.md': '# Acme Desk\n',
    'src/connector.ts': SOURCE,
    'src/ticket-path.ts': "export const ticketPath = (id: string) => '/tickets/' + encodeURIComponent(id);\n",
    ...options.files,
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await symlink(join(PACKAGE, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** The same, built: its artifact is in the folder `artifact`. Packages are resolved as tests do, to their sources. */
export async function buildDeskConnector(parent: string, name: string, options: DeskOptions = {}): Promise<string> {
  const folder = await writeDeskConnector(parent, name, options);
  const { files } = await buildConnector({ folder, conditions: ['@org/source'] });
  await mkdir(join(folder, 'artifact'));
  for (const [file, bytes] of files) await writeFile(join(folder, 'artifact', file), bytes);
  return folder;
}

export function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'connector-cli-'));
}
