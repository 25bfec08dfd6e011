import { fileURLToPath } from 'node:url';
import { connectEmulatorControl, type EmulatorControl, type EmulatorsReady, seedSysId } from '@org/connector-testing';
import { type Child, startChild } from './child.ts';

const GROUP = seedSysId('sys_user_group', 'Payments');
const ON_CALL = seedSysId('sys_user', 'david.loo');

const repository = {
  name: 'payments-api',
  files: [
    {
      path: '.triage.json',
      content: JSON.stringify({ team: 'Payments', group: GROUP, onCall: ON_CALL, impact: '1', urgency: '2' }),
    },
    { path: 'config/timeouts.json', content: '{ "cardProviderMs": 2000 }\n' },
  ],
  issues: [{ title: 'Checkout answers 502 when the card provider is slow', labels: ['bug'] }],
  pullRequests: [
    {
      title: 'Lower the card provider timeout to 200 ms',
      body: 'Fail fast. Released this morning.',
      head: 'lower-card-timeout',
      files: [{ path: 'config/timeouts.json', content: '{ "cardProviderMs": 200 }\n' }],
    },
  ],
};

export const expected = {
  assignmentGroup: GROUP,
  assignedTo: ON_CALL,
  priority: '2',
  repo: repository.name,
  incident: 'INC0010001',
};

export interface Emulators {
  readonly child: Child<EmulatorsReady>;
  readonly control: EmulatorControl;
}

/** ServiceNow, Slack and GitHub, emulated on loopback in a process of their own. */
export async function startEmulators(logFile: string): Promise<Emulators> {
  const child = await startChild<EmulatorsReady>({
    name: 'the emulators',
    command: process.execPath,
    args: [fileURLToPath(import.meta.resolve('@org/connector-testing/serve'))],
    env: {},
    input: JSON.stringify({
      slack: { users: [{ name: 'dana', realName: 'Dana' }], channels: ['incidents'] },
      github: { owner: 'acme', repositories: [repository] },
    }),
    logFile,
  });
  return { child, control: connectEmulatorControl(child.ready.control) };
}
