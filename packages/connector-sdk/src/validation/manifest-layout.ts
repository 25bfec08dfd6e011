import { canonicalJson } from '../canonical-json.ts';

/** Writes a manifest as its file was: people review them with line breaks and sign them without. */
export function writeLike(text: string, manifest: unknown): Uint8Array {
  const indent = /^\s*\{\r?\n([ \t]+)/.exec(text)?.[1];
  if (indent === undefined) return writeCanonical(manifest);
  return new TextEncoder().encode(`${JSON.stringify(manifest, null, indent)}\n`);
}

/** RFC 8785, and a line end. */
export function writeCanonical(manifest: unknown): Uint8Array {
  return new TextEncoder().encode(`${canonicalJson(manifest)}\n`);
}
