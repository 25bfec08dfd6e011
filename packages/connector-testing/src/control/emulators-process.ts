import type { Emulators } from '../emulators.ts';
import { type EmulatorsOptions, startEmulators } from '../emulators.ts';
import { startControlServer } from './control-server.ts';
import type { EmulatorsConfig } from './emulators-config.ts';

/** The one line that the emulators' process prints: addresses and the secrets that its driver needs. */
export interface EmulatorsReady {
  ready: true;
  /** For `connectEmulatorControl`. */
  control: string;
  servicenow: { url: string; oauth: Emulators['servicenow']['oauth'] };
  slack: Pick<
    Emulators['slack'],
    'url' | 'apiUrl' | 'botToken' | 'signingSecret' | 'appId' | 'botUserId' | 'team' | 'users' | 'channels'
  >;
  github: Pick<Emulators['github'], 'url' | 'owner' | 'app'>;
}

/** Starts all three emulators and their control API. Throws `PORT_UNAVAILABLE`, `SEED_INVALID`. */
export async function startEmulatorsProcess(config: EmulatorsConfig, onStop: () => void) {
  const { control: controlOptions, ...options } = config;
  const emulators = await startEmulators(options satisfies EmulatorsOptions);
  const control = await startControlServer(emulators, { port: controlOptions?.port ?? 0, onStop }).catch(
    async (error: unknown) => {
      await emulators.close();
      throw error;
    },
  );
  const { servicenow, slack, github } = emulators;
  const ready: EmulatorsReady = {
    ready: true,
    control: control.url,
    servicenow: { url: servicenow.url, oauth: servicenow.oauth },
    slack: {
      url: slack.url,
      apiUrl: slack.apiUrl,
      botToken: slack.botToken,
      signingSecret: slack.signingSecret,
      appId: slack.appId,
      botUserId: slack.botUserId,
      team: slack.team,
      users: slack.users,
      channels: slack.channels,
    },
    github: { url: github.url, owner: github.owner, app: github.app },
  };
  return {
    ready,
    async close() {
      await control.close();
      await emulators.close();
    },
  };
}
