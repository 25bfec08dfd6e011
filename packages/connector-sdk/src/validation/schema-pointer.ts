import { isNode, type SchemaNode } from './schema-keywords.ts';

/** What a reference within one schema (`#/$defs/name`) leads to; undefined where there is nothing, or it leads elsewhere. */
export function followReference(root: SchemaNode, ref: string): unknown {
  if (ref === '#') return root;
  if (!ref.startsWith('#/')) return undefined;
  let at: unknown = root;
  for (const part of ref.slice(2).split('/')) {
    const key = decode(part);
    if (Array.isArray(at)) at = /^\d+$/.test(key) ? at[Number(key)] : undefined;
    else at = isNode(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }
  return at;
}

/** A JSON pointer in a URI fragment (RFC 6901, section 6). */
function decode(part: string): string {
  let plain = part;
  try {
    plain = decodeURIComponent(part);
  } catch {
    // Not percent-encoded after all: it is taken as it stands.
  }
  return plain.replaceAll('~1', '/').replaceAll('~0', '~');
}
