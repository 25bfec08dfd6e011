import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Metafile, Plugin } from 'esbuild';

/** Writes the licences of all packages of which a part is in the bundle beside it: most ask for that. */
export function thirdPartyLicenses(file: string): Plugin {
  return {
    name: 'third-party-licenses',
    setup({ initialOptions, onEnd }) {
      initialOptions.metafile = true;
      onEnd(({ metafile }) => {
        if (!metafile) return;
        const licenses = packagesIn(metafile).map(licenseOf);
        // A first build has no folder yet: what esbuild made is written after this.
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, licenses.join(`\n\n${'-'.repeat(80)}\n\n`));
      });
    },
  };
}

function packagesIn({ outputs }: Metafile): string[] {
  const sources = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
  const folders = sources.map((path) => /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return [...new Set(folders)].filter((folder) => folder !== undefined).sort();
}

function licenseOf(folder: string): string {
  const text = readFileSync(join(folder, 'package.json'), 'utf8');
  const { name, version, license } = JSON.parse(text) as Readonly<Record<'name' | 'version' | 'license', string>>;
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  if (file === undefined) throw new Error(`${name} is bundled and has no licence file; take it out of the bundle`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
}
