type Json = Readonly<Record<string, unknown>>;

/** Formats whose pattern stands beside them and is at least as strict: validators that assert formats agree as well. */
const FORMATS = new Set(['date-time', 'date', 'uuid', 'ipv4']);
const ONE = ['items', 'additionalProperties', 'propertyNames', 'not'];
const LISTS = ['prefixItems', 'anyOf', 'oneOf', 'allOf'];
const MAPS = ['properties', '$defs'];

/**
 * The same schema in the words that all validators read alike: one `type` at a time, formats only where a pattern says
 * as much, no keyword that says nothing.
 */
export function portableSchema(schema: Json): Json {
  const result: Record<string, unknown> = { ...schema };
  for (const key of ONE) if (isObject(result[key])) result[key] = portableSchema(result[key]);
  for (const key of LISTS) {
    const list = result[key];
    if (Array.isArray(list)) result[key] = list.map((item: unknown) => (isObject(item) ? portableSchema(item) : item));
  }
  for (const key of MAPS) {
    const map = result[key];
    if (!isObject(map)) continue;
    result[key] = Object.fromEntries(
      Object.entries(map).map(([name, item]) => [name, isObject(item) ? portableSchema(item) : item]),
    );
  }
  const { readOnly: _readOnly, id: _id, ...kept } = result;
  return dropEmpty(splitTypes(dropLooseFormat(kept)));
}

function dropLooseFormat(schema: Json): Json {
  const { format, ...kept } = schema;
  if (typeof format !== 'string' || FORMATS.has(format)) return schema;
  return format === 'uri' && schema.pattern !== undefined ? schema : kept;
}

/** `type: [a, b]` is one keyword that strict validators refuse; `anyOf` says the same. */
function splitTypes(schema: Json): Json {
  const { type, ...rest } = schema;
  if (!Array.isArray(type)) return schema;
  if ('enum' in rest) return rest;
  return { ...rest, anyOf: type.map((one: unknown) => ({ type: one })) };
}

function dropEmpty(schema: Json): Json {
  const { additionalProperties, propertyNames, prefixItems, ...rest } = schema;
  const open =
    additionalProperties === true || (isObject(additionalProperties) && Object.keys(additionalProperties).length === 0);
  const anyName = isObject(propertyNames) && Object.keys(propertyNames).length === 1 && propertyNames.type === 'string';
  return {
    ...rest,
    ...(additionalProperties === undefined || open ? {} : { additionalProperties }),
    ...(propertyNames === undefined || anyName ? {} : { propertyNames }),
    // An empty list is no valid one; `items` says the same.
    ...(Array.isArray(prefixItems) && prefixItems.length > 0 ? { prefixItems } : {}),
  };
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
