import { createHash } from 'node:crypto';
import { type Rule, rulePage, rulePath } from '@org/connector-sdk/validation';
import { EXIT_ENVIRONMENT } from '../exit-code.ts';
import type { CheckedManifest, PlacedFinding } from '../validate/check-input.ts';
import { cliVersion } from '../version.ts';
import type { CheckReport } from './check-report.ts';

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

/** SARIF 2.1.0 (OASIS), for code scanning and editors. */
export function formatSarif({ files, rules, profile, exitCode }: CheckReport): string {
  const indices = new Map(rules.map(({ id }, index) => [id, index]));
  return JSON.stringify(
    {
      $schema: SCHEMA,
      version: '2.1.0',
      runs: [
        {
          tool: { driver: toDriver(rules, profile) },
          columnKind: 'utf16CodeUnits',
          invocations: [
            {
              executionSuccessful: exitCode !== EXIT_ENVIRONMENT,
              exitCode,
              toolExecutionNotifications: files.flatMap(toNotifications),
            },
          ],
          results: files.flatMap((file) => toResults(file, indices)),
        },
      ],
    },
    null,
    2,
  );
}

function toDriver(rules: readonly Rule[], profile: CheckReport['profile']): object {
  const version = cliVersion();
  return {
    name: 'connector validate',
    organization: 'org',
    version,
    semanticVersion: version,
    rules: rules.map((rule) => toDescriptor(rule, profile)),
  };
}

function toDescriptor(rule: Rule, profile: CheckReport['profile']): object {
  const { id, title, why, fix } = rule;
  const level = (profile === 'release' ? (rule.releaseSeverity ?? rule.severity) : rule.severity) ?? 'none';
  return {
    id,
    shortDescription: { text: `${title}.` },
    fullDescription: { text: why },
    help: { text: `${why}\n\n${fix}\n\n${rulePath(id)}`, markdown: rulePage(rule) },
    defaultConfiguration: { level, enabled: level !== 'none' },
    properties: { tags: ['connector-manifest'], precision: 'very-high' },
  };
}

function toResults({ file, findings }: CheckedManifest, indices: ReadonlyMap<string, number>): object[] {
  const seen = new Map<string, number>();
  return findings.map((finding) => {
    const { ruleId, pointer, severity, message, fix } = finding;
    const ruleIndex = indices.get(ruleId);
    const twin = seen.get(`${ruleId} ${pointer}`) ?? 0;
    seen.set(`${ruleId} ${pointer}`, twin + 1);
    return {
      ruleId,
      ...(ruleIndex === undefined ? {} : { ruleIndex }),
      level: severity,
      message: { text: `${pointer || '(top)'}: ${message}. ${fix}` },
      locations: [
        {
          physicalLocation: toLocation(file, finding.place),
          logicalLocations: [{ fullyQualifiedName: pointer, kind: 'member' }],
        },
      ],
      // Stable when lines move: what is wrong, and where in the manifest.
      partialFingerprints: { 'connectorFinding/v1': sha256(JSON.stringify([ruleId, file, pointer, twin])) },
    };
  });
}

function toLocation(file: string, place?: PlacedFinding['place']): object {
  if (!place) return { artifactLocation: { uri: toUri(file) } };
  const { line: startLine, column: startColumn, endLine, endColumn } = place;
  return { artifactLocation: { uri: toUri(file) }, region: { startLine, startColumn, endLine, endColumn } };
}

function toNotifications({ file, error }: CheckedManifest): object[] {
  if (!error) return [];
  return [
    {
      descriptor: { id: error.code },
      level: 'error',
      message: { text: error.message },
      locations: [{ physicalLocation: toLocation(file) }],
    },
  ];
}

/** A relative reference (RFC 3986): its first segment must not look like a scheme. */
function toUri(file: string): string {
  const uri = file.split('/').map(encodeSegment).join('/');
  return /^[^/]*:/.test(uri) ? `./${uri}` : uri;
}

function encodeSegment(segment: string): string {
  return encodeURIComponent(segment.toWellFormed());
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
