import { type GitHubEmulator, type GitHubEmulatorOptions, startGitHubEmulator } from './github/github-emulator.ts';
import {
  type ServiceNowEmulator,
  type ServiceNowEmulatorOptions,
  startServiceNowEmulator,
} from './servicenow/servicenow-emulator.ts';
import { type SlackEmulator, type SlackEmulatorOptions, startSlackEmulator } from './slack/slack-emulator.ts';

export interface EmulatorsOptions {
  servicenow?: ServiceNowEmulatorOptions;
  slack?: SlackEmulatorOptions;
  github?: GitHubEmulatorOptions;
}

export interface Emulators {
  readonly servicenow: ServiceNowEmulator;
  readonly slack: SlackEmulator;
  readonly github: GitHubEmulator;
  close(): Promise<void>;
}

/** Starts all three. If one cannot start, those that did are closed again and its error is thrown. */
export async function startEmulators(options: EmulatorsOptions = {}): Promise<Emulators> {
  const starting = [
    startServiceNowEmulator(options.servicenow),
    startSlackEmulator(options.slack),
    startGitHubEmulator(options.github),
  ] as const;
  const outcomes = await Promise.allSettled(starting);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) {
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') await outcome.value.close();
    throw failed.reason;
  }
  const [servicenow, slack, github] = await Promise.all(starting);
  return {
    servicenow,
    slack,
    github,
    async close() {
      await Promise.all([servicenow.close(), slack.close(), github.close()]);
    },
  };
}
