import { z } from 'zod';
import type { Emulators } from '../emulators.ts';
import { TestingError } from '../errors.ts';
import type { FaultSwitches } from '../front/fault-switches.ts';
import { outboundTarget } from './emulators-config.ts';

export type ControlTarget = 'servicenow' | 'slack' | 'github';

type Method = (args: unknown) => Promise<unknown>;

const nothing = z.strictObject({});
const incident = z.strictObject({ incident: z.string() });

const fault = z.strictObject({
  kind: z.enum(['delay', 'lose-reply', 'accepted-202', 'rate-limit-429', 'server-error-5xx', 'hold']),
  match: z.strictObject({ method: z.string().exactOptional(), path: z.string().exactOptional() }).exactOptional(),
  times: z.int().positive().exactOptional(),
  delayMs: z.number().nonnegative().exactOptional(),
  applied: z.boolean().exactOptional(),
  status: z.int().min(500).max(599).exactOptional(),
  retryAfterSeconds: z.int().nonnegative().exactOptional(),
});

const tampering = z.strictObject({
  url: z.url().exactOptional(),
  signature: z.enum(['missing', 'wrong']).exactOptional(),
  ageSeconds: z.int().exactOptional(),
  body: z.string().exactOptional(),
});

const click = {
  channel: z.string(),
  ts: z.string(),
  actionId: z.string(),
  user: z.union([z.string(), z.strictObject({ id: z.string(), username: z.string(), teamId: z.string() })]),
  value: z.string().exactOptional(),
  url: z.url(),
};
const forgery = z.enum(['unsigned', 'wrong-secret', 'stale', 'from-the-future', 'modified-body']);

/** What the control API can call, by name; arguments are checked before they reach an emulator. */
export function createControlMethods(emulators: Emulators): Record<ControlTarget, Map<string, Method>> {
  const { servicenow, slack, github } = emulators;
  return {
    servicenow: new Map([
      ...listFaultMethods(servicenow.faults),
      ['incident', method(incident, (args) => servicenow.incident(args.incident))],
      ['journal', method(incident, (args) => servicenow.journal(args.incident))],
      [
        'changeIncident',
        method(
          z.strictObject({
            incident: z.string(),
            fields: z.record(z.string(), z.string()),
            userName: z.string().exactOptional(),
          }),
          (args) => servicenow.changeIncident(args.incident, args.fields, args.userName),
        ),
      ],
      ['configureOutbound', method(outboundTarget, (args) => servicenow.configureOutbound(args))],
      [
        'redeliver',
        method(z.strictObject({ deliveryId: z.string(), tampering: tampering.exactOptional() }), (args) =>
          servicenow.redeliver(args.deliveryId, args.tampering),
        ),
      ],
      ['outboundDeliveries', method(nothing, () => servicenow.outboundDeliveries)],
      ['outboundSettled', method(nothing, () => servicenow.outboundSettled())],
      [
        'revokeTokens',
        method(z.strictObject({ refreshTokens: z.boolean().exactOptional() }), (args) => servicenow.revokeTokens(args)),
      ],
      ['reset', method(nothing, () => servicenow.reset())],
    ]),
    slack: new Map([
      ...listFaultMethods(slack.faults),
      ['messages', method(z.strictObject({ channel: z.string() }), (args) => slack.messages(args.channel))],
      ['click', method(z.strictObject(click), (args) => slack.click(args))],
      ['forgeClick', method(z.strictObject({ ...click, forgery }), (args) => slack.forgeClick(args))],
      ['directory', method(nothing, () => ({ team: slack.team, users: slack.users, channels: slack.channels }))],
      ['reset', method(nothing, () => slack.reset())],
    ]),
    github: new Map([
      ...listFaultMethods(github.faults),
      ['revokeTokens', method(nothing, () => github.revokeTokens())],
      ['reset', method(nothing, () => github.reset())],
    ]),
  };
}

function listFaultMethods(faults: FaultSwitches): [string, Method][] {
  return [
    ['fault', method(fault, (args) => faults.next(args))],
    ['release', method(nothing, () => faults.release())],
    ['applyPending', method(nothing, () => faults.applyPending())],
    ['clearFaults', method(nothing, () => faults.clear())],
    [
      'whenHeld',
      method(z.strictObject({ count: z.int().positive().exactOptional() }), (args) => faults.whenHeld(args.count)),
    ],
  ];
}

function method<Schema extends z.ZodType>(schema: Schema, run: (args: z.output<Schema>) => unknown): Method {
  return async (args) => {
    const parsed = schema.safeParse(args);
    if (parsed.success) return run(parsed.data);
    const [issue] = parsed.error.issues;
    const where = issue?.path.join('.') || 'the arguments';
    throw new TestingError('CONTROL_REFUSED', `${where}: ${issue?.message ?? 'invalid'}`);
  };
}
