import { type SchemaJson, schemaToText } from '@cedar-policy/cedar-wasm/nodejs';
import type { Manifest } from '@org/connector-sdk';
import { actionGroups } from './cedar-request.ts';

const RISKS = ['low', 'medium', 'high', 'critical'] as const;
const GROUPS = ['read', 'write', ...RISKS];

/** What a policy may name: every action of the manifests in its groups, and the context that each request brings. */
export function cedarSchema(manifests: readonly Manifest[]): SchemaJson<string> {
  return schemaOf(
    manifests.flatMap(({ id, actions }) =>
      Object.entries(actions).map(([key, { effect, risk }]) => [`${id}.${key}`, actionGroups(effect, risk)] as const),
    ),
  );
}

/** The same, with an action in every group: what a policy says is checked also where nothing enabled is in its group. */
export function checkingSchema(manifests: readonly Manifest[]): SchemaJson<string> {
  const { '': declared } = cedarSchema(manifests);
  const { '': everywhere } = schemaOf([
    ['none.read', actionGroups('read', 'low')],
    ...RISKS.map((risk) => [`none.${risk}-write`, actionGroups('write', risk)] as const),
  ]);
  return {
    '': { ...declared, ...everywhere, actions: { ...everywhere?.actions, ...declared?.actions } },
  } as SchemaJson<string>;
}

/** As people read it. */
export function cedarSchemaText(manifests: readonly Manifest[]): string {
  const answer = schemaToText(cedarSchema(manifests));
  if (answer.type === 'success') return answer.text;
  throw new TypeError(`the generated schema is no Cedar: ${answer.errors[0]?.message}`);
}

function schemaOf(actions: readonly (readonly [name: string, groups: readonly string[]])[]): SchemaJson<string> {
  const appliesTo = { principalTypes: ['Workflow'], resourceTypes: ['Connection'], context: CONTEXT };
  return {
    '': {
      entityTypes: {
        Workspace: {},
        Connector: {},
        Workflow: { memberOfTypes: ['Workspace'] },
        Connection: { memberOfTypes: ['Connector', 'Workspace'] },
      },
      actions: {
        ...Object.fromEntries(GROUPS.map((id) => [id, {}])),
        ...Object.fromEntries(
          actions.map(([name, groups]) => [name, { memberOf: groups.map((id) => ({ id })), appliesTo }]),
        ),
      },
    },
  };
}

const CONTEXT = {
  type: 'Record' as const,
  attributes: {
    approved: { type: 'Boolean' as const },
    effect: { type: 'String' as const },
    risk: { type: 'String' as const },
    idempotency: { type: 'String' as const },
    reversible: { type: 'String' as const },
  },
};
