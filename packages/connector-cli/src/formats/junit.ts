import type { CheckedManifest, PlacedFinding } from '../validate/check-input.ts';
import type { CheckReport } from './check-report.ts';

/** JUnit XML as CI servers read it: a suite for each manifest, a case for each finding, one that passes where there is none. */
export function formatJunit({ files, summary }: CheckReport): string {
  const cases = files.map(casesOf);
  const totals = attributes({
    name: 'connector validate',
    tests: cases.reduce((total, list) => total + list.length, 0),
    failures: summary.errors,
    errors: summary.unreadable,
  });
  const suites = files.map((file, index) => suiteOf(file, cases[index] ?? []));
  return ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites ${totals}>`, ...suites, '</testsuites>'].join('\n');
}

function suiteOf({ file, findings, error }: CheckedManifest, cases: readonly string[]): string {
  const counts = attributes({
    name: file,
    tests: cases.length,
    failures: findings.filter(({ severity }) => severity === 'error').length,
    errors: error ? 1 : 0,
    skipped: 0,
  });
  return [`  <testsuite ${counts}>`, ...cases, '  </testsuite>'].join('\n');
}

function casesOf({ file, findings, error }: CheckedManifest): string[] {
  if (error) {
    const outcome = `<error ${attributes({ type: error.code, message: error.message })}/>`;
    return [testCase(file, 'can be read', outcome)];
  }
  if (findings.length === 0) return [testCase(file, 'is valid', '')];
  return findings.map((finding) => testCase(file, `${finding.ruleId} ${finding.pointer}`.trim(), outcomeOf(finding)));
}

/** JUnit knows no warnings: they pass, and say what they found. */
function outcomeOf({ severity, ruleId, message, fix, place }: PlacedFinding): string {
  const where = place ? `line ${place.line}, column ${place.column}\n` : '';
  if (severity === 'warning') return `<system-out>${escapeXml(`warning: ${message}\n${where}${fix}`)}</system-out>`;
  return `<failure ${attributes({ type: ruleId, message })}>${escapeXml(`${where}${fix}`)}</failure>`;
}

function testCase(file: string, name: string, outcome: string): string {
  const open = `    <testcase ${attributes({ classname: file, name })}`;
  return outcome === '' ? `${open}/>` : `${open}>${outcome}</testcase>`;
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escapeXml(String(value)).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')}"`)
    .join(' ');
}

/** XML 1.0 cannot hold most control characters, lone surrogates or U+FFFE and U+FFFF, not even escaped. */
const NOT_XML = /[^\t\n\x20-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

function escapeXml(text: string): string {
  return text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(NOT_XML, '\u{fffd}')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
