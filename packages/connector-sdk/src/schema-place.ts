import { SdkError } from './errors.ts';

/** A schema inside another one: what it is called, and the way to it as JSON Schema writes it. */
export interface SchemaPlace {
  /** Names the outermost schema, for example `actions.get-incident.input`. */
  readonly where: string;
  readonly path: readonly (string | number)[];
}

/** What a place is called by those who wrote the schema: `actions.get-incident.input.tags[].name`. */
function nameOf({ where, path }: SchemaPlace): string {
  let name = where;
  for (let at = 0; at < path.length; at += 1) {
    const part = path[at];
    const next = path[at + 1];
    if (part === 'properties' && next !== undefined) {
      name += `.${next}`;
      at += 1;
    } else if ((part === 'prefixItems' || part === 'items') && isIndex(next)) {
      name += `[${next}]`;
      at += 1;
    } else if (part === 'items') name += '[]';
    else if (part === 'additionalProperties') name += '.*';
    else if (part === 'propertyNames') name += ' (its keys)';
  }
  return name;
}

function isIndex(part: string | number | undefined): boolean {
  return typeof part === 'number' || (part !== undefined && /^\d+$/.test(part));
}

/** The refusal of a schema that no manifest can say. `what` is the reason, and what to write instead. */
export function unrepresentable(place: SchemaPlace, what: string, cause?: unknown): SdkError {
  const path = nameOf(place);
  return new SdkError('SCHEMA_UNREPRESENTABLE', `${path} can't stand in a manifest: ${what}`, {
    details: { path },
    cause,
  });
}

/** The refusal of a schema that lets everything in. Members of a record may be anything: there it was said on purpose. */
export function requireNotAnything(place: SchemaPlace): void {
  if (place.path.at(-1) === 'additionalProperties') return;
  const path = nameOf(place);
  throw new SdkError(
    'SCHEMA_UNCONSTRAINED',
    `${path} accepts every value: describe what it may hold, or say z.json() or z.record(z.string(), z.unknown()) if that is meant`,
    { details: { path } },
  );
}

/**
 * Names that every JavaScript object answers to: validators disagree on whether an object without them has them. And none at
 * all, which ajv does not miss when it is required.
 */
export function requireOwnName(place: SchemaPlace, name: string): void {
  if (name !== '' && !(name in Object.prototype)) return;
  throw unrepresentable(
    place,
    `validators do not see alike whether a member called "${name}" is there: name it otherwise`,
  );
}
