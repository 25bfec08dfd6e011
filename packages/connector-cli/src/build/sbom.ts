import { createHash } from 'node:crypto';
import { CODE_FILE } from '@org/connector-artifact';
import type { BuiltConnector } from './build-connector.ts';
import type { BundledModule } from './module-names.ts';
import { packageRef } from './package-imports.ts';

/**
 * What is in a connector's bundle, as CycloneDX 1.6 JSON. A pure function of the artifact: no time, and a serial number
 * made from its digest. A package's own hash is not known here (it may have been installed from anywhere); the files of
 * it that were bundled have theirs.
 */
export function writeSbom({ packageName, files, manifest, digest, bundle }: BuiltConnector): string {
  const { id, version, title } = manifest;
  const own = packageRef({ package: packageName, version });
  const packages = groupByPackage(bundle.modules);
  const code = files.get(CODE_FILE) ?? new Uint8Array();
  const license = packages.get(own)?.[0]?.license ?? '';
  const sbom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidFrom(digest)}`,
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': own,
        ...namesOf(packageName, version),
        description: title,
        hashes: [{ alg: 'SHA-256', content: createHash('sha256').update(code).digest('hex') }],
        ...licensesOf(license),
        ...componentsOf(packages.get(own) ?? []),
        properties: [
          { name: 'connector:id', value: id },
          { name: 'connector:artifact-digest', value: digest },
          ...bundle.builtins.map((value) => ({ name: 'connector:builtin', value })),
          ...bundle.stubbed.map((value) => ({ name: 'connector:stubbed-builtin', value })),
        ],
      },
    },
    components: [...packages].filter(([ref]) => ref !== own).map(([ref, modules]) => describePackage(ref, modules)),
    dependencies: [...new Set([own, ...packages.keys()])].sort().map((ref) => ({
      ref,
      dependsOn: bundle.packageImports.flatMap(({ from, to }) => (from === ref ? [to] : [])),
    })),
  };
  return `${JSON.stringify(sbom, null, 2)}\n`;
}

function groupByPackage(modules: readonly BundledModule[]): Map<string, BundledModule[]> {
  const groups = new Map<string, BundledModule[]>();
  for (const module of [...modules].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (module.package === '') continue;
    const ref = packageRef(module);
    groups.set(ref, [...(groups.get(ref) ?? []), module]);
  }
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function describePackage(ref: string, modules: readonly BundledModule[]): object {
  const [{ package: name, version, license } = { package: ref, version: '', license: '' }] = modules;
  return {
    type: 'library',
    'bom-ref': ref,
    ...namesOf(name, version),
    ...licensesOf(license),
    ...componentsOf(modules),
  };
}

/** A scoped name is a group and a name. Source: purl specification, type `npm`. */
function namesOf(fullName: string, version: string): object {
  const [, group, name = fullName] = /^(@[^/]+)\/(.+)$/.exec(fullName) ?? [];
  const path = [group, name].flatMap((part) => (part === undefined ? [] : [encodeURIComponent(part)])).join('/');
  const purl = version === '' ? `pkg:npm/${path}` : `pkg:npm/${path}@${encodeURIComponent(version)}`;
  return { ...(group === undefined ? {} : { group }), name, version, purl };
}

/** The files of a package that are in the bundle. */
function componentsOf(modules: readonly BundledModule[]): object {
  const components = modules.map(({ name, sha256 }) => ({
    type: 'file',
    name,
    hashes: [{ alg: 'SHA-256', content: sha256 }],
  }));
  return components.length === 0 ? {} : { components };
}

/** `MIT`, `(MIT OR Apache-2.0)`: what package.json may say by the SPDX grammar; anything else is only a name. */
function licensesOf(license: string): object {
  if (license === '') return {};
  const isExpression = /^\(*[A-Za-z0-9.+-]+\)*(?: (?:AND|OR|WITH) \(*[A-Za-z0-9.+-]+\)*)*$/.test(license);
  if (isExpression && license !== 'UNLICENSED') return { licenses: [{ expression: license }] };
  return { licenses: [{ license: { name: license } }] };
}

/** A version 8 UUID (RFC 9562: any bits one likes) from a `sha256:<hex>`. */
function uuidFrom(digest: string): string {
  const hex = digest.replace('sha256:', '');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
