import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import formatsPlugin from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatSarif } from './sarif.ts';
import { findingWith, HOSTILE, reportOf, sampleReport } from './test-report.ts';

const isSarif = sarifValidator();

/** The schema of the standard. It is of draft 4 by name and uses nothing that draft 7 reads otherwise. */
function sarifValidator() {
  const url = new URL('../../../../fixtures/sarif/sarif-schema-2.1.0.json', import.meta.url);
  const { $schema: _, id, ...schema } = JSON.parse(readFileSync(url, 'utf8'));
  const ajv = new Ajv({ strict: false, allErrors: true });
  formatsPlugin.default(ajv);
  return ajv.compile({ ...schema, $id: id });
}

describe('SARIF', () => {
  it('fits the schema of the standard, whatever a manifest says', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom(...HOSTILE));
    fc.assert(
      fc.property(text, (hostile) => {
        const sarif = JSON.parse(formatSarif(sampleReport(hostile)));
        expect(isSarif(sarif), JSON.stringify(isSarif.errors)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('is checked: the schema refuses what SARIF is not', () => {
    const sarif = JSON.parse(formatSarif(sampleReport('a')));
    sarif.runs[0].results[0].level = 'fatal';
    expect(isSarif(sarif)).toBe(false);
  });

  it('has a rule with help for each result', () => {
    const [run] = JSON.parse(formatSarif(sampleReport('a'))).runs;
    const [error, warning] = run.results;
    expect(run.tool.driver.rules[error.ruleIndex]).toMatchObject({
      id: 'scope-unused',
      help: { markdown: expect.stringContaining('# scope-unused') },
    });
    expect([error.level, warning.level]).toEqual(['error', 'warning']);
    expect(run.invocations[0].toolExecutionNotifications[0].descriptor.id).toBe('CLI_FILE_MISSING');
  });

  it('gives a finding the same fingerprint wherever its line moves, and each finding its own', () => {
    const moved = { ...findingWith('a'), place: undefined };
    const { place: _, ...elsewhere } = moved;
    const fingerprints = (findings: ReturnType<typeof findingWith>[]) =>
      JSON.parse(formatSarif(reportOf([{ file: 'a.json', findings, repaired: [] }]))).runs[0].results.map(
        (result: { partialFingerprints: object }) => JSON.stringify(result.partialFingerprints),
      );
    expect(fingerprints([elsewhere])).toEqual(fingerprints([findingWith('a')]));
    expect(new Set(fingerprints([findingWith('a'), findingWith('a'), findingWith('b')])).size).toBe(3);
  });

  it('names files by relative references', () => {
    const uri = (file: string) =>
      JSON.parse(formatSarif(reportOf([{ file, findings: [findingWith('a')], repaired: [] }]))).runs[0].results[0]
        .locations[0].physicalLocation.artifactLocation.uri;
    expect(uri('a b/ü#?.json')).toBe('a%20b/%C3%BC%23%3F.json');
    expect(uri('c:x.json')).toBe('c%3Ax.json');
    expect(uri('../x.json')).toBe('../x.json');
  });
});
