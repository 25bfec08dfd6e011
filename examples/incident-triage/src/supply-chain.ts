import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connector } from './connector-command.ts';
import type { RefusedCase } from './report.ts';

const CONNECTORS = ['servicenow', 'slack', 'github'] as const;
const PUBLISHER = 'org';

export interface SupplyChain {
  readonly trustFile: string;
  /** Signed artifacts, by connector id. */
  readonly signed: Readonly<Record<(typeof CONNECTORS)[number], string>>;
  /** One artifact per way of not being trustworthy. */
  readonly bad: readonly { readonly case: RefusedCase; readonly path: string }[];
}

/** Keys made now, three connectors signed with them, a trust policy that names them, and four artifacts it must refuse. */
export async function prepareSupplyChain(folder: string): Promise<SupplyChain> {
  await mkdir(folder, { recursive: true });
  const trustFile = join(folder, 'trust.json');
  await connector('keygen', '--out', folder, '--name', 'publisher');
  await connector('keygen', '--out', folder, '--name', 'stranger');
  const publisherKey = join(folder, 'publisher.key.pem');
  const strangerKey = join(folder, 'stranger.key.pem');
  await connector('trust', 'init', trustFile);
  await connector('trust', 'add-key', trustFile, '--publisher', PUBLISHER, '--key', join(folder, 'publisher.pub.pem'));
  await connector('trust', 'allow', trustFile, ...CONNECTORS, '--publisher', PUBLISHER);

  const copy = async (id: (typeof CONNECTORS)[number], name: string) => {
    const built = fileURLToPath(new URL('../artifact', import.meta.resolve(`@org/connector-${id}`)));
    const target = join(folder, name);
    await cp(built, target, { recursive: true });
    await rm(join(target, 'signatures'), { recursive: true, force: true });
    return target;
  };
  const sign = async (artifact: string, key: string) => {
    await connector('sign', artifact, '--key', key);
    return artifact;
  };

  const [servicenow, slack, github] = await Promise.all(
    CONNECTORS.map(async (id) => sign(await copy(id, id), publisherKey)),
  );
  if (!servicenow || !slack || !github) throw new Error('a connector is missing');

  const unsigned = await copy('github', 'bad-unsigned');
  const modified = await sign(await copy('github', 'bad-modified'), publisherKey);
  await writeFile(
    join(modified, 'connector.mjs'),
    `${await readFile(join(modified, 'connector.mjs'), 'utf8')}\n// one line more\n`,
  );
  const untrusted = await sign(await copy('github', 'bad-untrusted-signer'), strangerKey);
  const notAllowed = await copy('github', 'bad-not-allowed');
  const manifestFile = join(notAllowed, 'manifest.json');
  await writeFile(manifestFile, (await readFile(manifestFile, 'utf8')).replace('"id":"github"', '"id":"payroll"'));
  await sign(notAllowed, publisherKey);

  return {
    trustFile,
    signed: { servicenow, slack, github },
    bad: [
      { case: 'unsigned', path: unsigned },
      { case: 'modified', path: modified },
      { case: 'untrusted-signer', path: untrusted },
      { case: 'not-allowed', path: notAllowed },
    ],
  };
}
