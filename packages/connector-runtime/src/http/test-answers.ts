import { Ajv2020 } from 'ajv/dist/2020.js';
import type { OpenApiDocument } from './admin/openapi.ts';

export type CheckAnswer = (method: string, path: string, answer: { status: number; json: unknown }) => void;

/** Throws for an answer that the document does not describe: an unknown status, a field missing, one too many. */
export function createAnswerCheck(document: OpenApiDocument): CheckAnswer {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema({ $id: 'doc', components: document.components });
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { responses }]) => ({
      method: method.toUpperCase(),
      pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
      validators: new Map(Object.entries(responses).map(([status, it]) => [status, validatorOf(it)])),
    })),
  );

  function validatorOf(response: Readonly<Record<string, unknown>>) {
    const { content } = response as { content?: Record<string, { schema: object }> };
    if ('$ref' in response) return ajv.compile({ $ref: 'doc#/components/schemas/Error' });
    if (content === undefined) return ajv.compile({ const: null });
    const text = JSON.stringify(content['application/json']?.schema ?? false);
    return ajv.compile(JSON.parse(text.replaceAll('"#/components/', '"doc#/components/')) as object);
  }

  return (method, path, { status, json }) => {
    const bare = path.split('?')[0] ?? '';
    const operation = operations.find((one) => one.method === method && one.pattern.test(bare));
    if (operation === undefined) return;
    const key = status >= 400 ? 'default' : String(status);
    const validate = operation.validators.get(key);
    if (validate?.(json ?? null)) return;
    const why = validate ? ajv.errorsText(validate.errors) : `status ${status} is not described`;
    throw new Error(`${method} ${path} answers what its description does not: ${why}`);
  };
}
