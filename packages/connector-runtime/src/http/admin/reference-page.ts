import type { OpenApiDocument } from './openapi.ts';

const REACH: Readonly<Record<string, string>> = {
  tenant: 'its own tenant’s path',
  own: 'its own part',
  deployment: 'no',
};

/** `docs/api/admin.md`: every operation in a line, with who may. Pure. */
export function referencePage(document: OpenApiDocument): string {
  const rows = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary, operationId, 'x-role': role, 'x-reach': reach }]) => [
      `\`${method.toUpperCase()} ${path}\``,
      `\`${operationId}\``,
      summary,
      `\`${role}\``,
      REACH[reach] ?? reach,
    ]),
  );
  const table = [['operation', 'id', 'what', 'least role', 'a tenant’s token'], Array(5).fill('---'), ...rows];
  return `# Admin API

${rows.length} operations below \`/admin/v1\`, with \`Authorization: Bearer <token>\`. The whole of it, with every field of requests and answers, is
[admin.openapi.json](admin.openapi.json) (OpenAPI 3.1); a runtime serves its own at \`GET /admin/v1/openapi.json\`. Both are written from the
schemas that check requests. Roles and tokens are in the [platform guide](../guides/platform.md#roles-and-tokens).

${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}
`;
}
