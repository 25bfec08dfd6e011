import { defineStructureRule } from '../validation/rule.ts';

export const jsonEncoding = defineStructureRule({
  id: 'json-encoding',
  severity: 'error',
  title: 'The manifest is UTF-8 without a byte-order mark',
  why: 'A manifest is signed byte for byte; readers that guess at encodings would see different manifests.',
  fix: 'Run `connector build`, which writes it, or save the file as UTF-8 without a byte-order mark.',
  example: { badText: '\ufeff{ "manifestVersion": 1 }', goodText: '{ "manifestVersion": 1 }' },
  codes: ['JSON_NOT_UTF8'],
  repair(bytes) {
    const encoding = encodingOf(bytes);
    return encoding && recode(bytes, encoding);
  },
});

/** Only what a byte-order mark says: anything else would be a guess. */
function encodingOf([first, second, third]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | undefined {
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : undefined;
}

function recode(bytes: Uint8Array, encoding: string): Uint8Array | undefined {
  try {
    return new TextEncoder().encode(new TextDecoder(encoding, { fatal: true }).decode(bytes));
  } catch {
    // The mark lies.
    return undefined;
  }
}
