/**
 * A connection's config with the defaults of its manifest's schema, as the connector's own schema would fill them: what is
 * stored is what the administrator gave, but hosts and URLs of the manifest may name the rest.
 */
export function withConfigDefaults(
  schema: Readonly<Record<string, unknown>>,
  config: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const filled = { ...config };
  const properties = isRecord(schema.properties) ? schema.properties : {};
  for (const [name, property] of Object.entries(properties)) {
    if (filled[name] === undefined && isRecord(property) && property.default !== undefined)
      filled[name] = property.default;
  }
  return filled;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
