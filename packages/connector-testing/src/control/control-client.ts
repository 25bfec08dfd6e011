import { z } from 'zod';
import { TestingError } from '../errors.ts';
import type { Fault } from '../front/fault-switches.ts';
import type { OutboundDelivery, OutboundTarget, Tampering } from '../servicenow/outbound-webhook.ts';
import type { JournalEntry } from '../servicenow/servicenow-emulator.ts';
import type { Row } from '../servicenow/tables.ts';
import type { ClickForgery } from '../slack/block-actions.ts';
import type { ButtonClick, ClickAnswer } from '../slack/slack-emulator.ts';
import type { SlackMessage } from '../slack/slack-message.ts';
import type { ControlTarget } from './control-methods.ts';
import type { EmulatorsState } from './emulators-state.ts';

/** The fault switches of one emulator in another process; a path to match is given as text. */
export interface RemoteFaults {
  next(fault: Omit<Fault, 'match'> & { match?: { method?: string; path?: string } }): Promise<void>;
  release(): Promise<number>;
  applyPending(): Promise<number>;
  clear(): Promise<void>;
  whenHeld(count?: number): Promise<void>;
}

export interface EmulatorControl {
  state(): Promise<EmulatorsState>;
  readonly servicenow: {
    readonly faults: RemoteFaults;
    incident(numberOrSysId: string): Promise<Row>;
    journal(numberOrSysId: string): Promise<JournalEntry[]>;
    changeIncident(numberOrSysId: string, fields: Row, userName?: string): Promise<Row>;
    configureOutbound(target: OutboundTarget): Promise<void>;
    redeliver(deliveryId: string, tampering?: Tampering): Promise<OutboundDelivery>;
    outboundDeliveries(): Promise<OutboundDelivery[]>;
    outboundSettled(): Promise<void>;
    revokeTokens(what?: { refreshTokens?: boolean }): Promise<void>;
    reset(): Promise<void>;
  };
  readonly slack: {
    readonly faults: RemoteFaults;
    messages(channel: string): Promise<SlackMessage[]>;
    click(click: ButtonClick): Promise<ClickAnswer>;
    forgeClick(click: ButtonClick & { forgery: ClickForgery }): Promise<ClickAnswer>;
    directory(): Promise<{
      team: { id: string; name: string; domain: string };
      users: Record<string, string>;
      channels: Record<string, string>;
    }>;
    reset(): Promise<void>;
  };
  readonly github: {
    readonly faults: RemoteFaults;
    revokeTokens(): Promise<void>;
    reset(): Promise<void>;
  };
  /** Ends the emulators' process. */
  stop(): Promise<void>;
}

const refusal = z.object({ code: z.string(), message: z.string() });

/**
 * Drives emulators in another process, by the `control` address that it printed. Calls throw `CONTROL_UNREACHABLE` when
 * the process is gone, and `CONTROL_REFUSED` with the emulator's own code in `details.code`.
 */
export function connectEmulatorControl(url: string): EmulatorControl {
  const ask = async <Result>(path: string, init?: RequestInit): Promise<Result> => {
    let response: Response;
    try {
      response = await fetch(`${url}${path}`, init);
    } catch (cause) {
      throw new TestingError('CONTROL_UNREACHABLE', 'the emulators do not answer; is their process still running?', {
        cause,
      });
    }
    const answer: unknown = await response.json().catch(() => undefined);
    // Both ends are of this package and of one version; only a refusal is worth checking.
    if (response.ok) return answer as Result;
    const known = refusal.safeParse(answer);
    const details = known.success ? { code: known.data.code, call: path } : { status: response.status, call: path };
    throw new TestingError('CONTROL_REFUSED', known.success ? known.data.message : 'the emulators refused the call', {
      details,
    });
  };
  const call = async <Result>(
    target: ControlTarget | 'process',
    method: string,
    args: object = {},
  ): Promise<Result> => {
    const init = { method: 'POST', body: JSON.stringify(args) };
    return (await ask<{ result: Result }>(`/control/${target}/${method}`, init)).result;
  };
  const reach = (target: ControlTarget): RemoteFaults => ({
    next: (fault) => call(target, 'fault', fault),
    release: () => call(target, 'release'),
    applyPending: () => call(target, 'applyPending'),
    clear: () => call(target, 'clearFaults'),
    whenHeld: (count = 1) => call(target, 'whenHeld', { count }),
  });
  return {
    state: () => ask('/state'),
    servicenow: {
      faults: reach('servicenow'),
      incident: (incident) => call('servicenow', 'incident', { incident }),
      journal: (incident) => call('servicenow', 'journal', { incident }),
      changeIncident: (incident, fields, userName) =>
        call('servicenow', 'changeIncident', { incident, fields, ...(userName === undefined ? {} : { userName }) }),
      configureOutbound: (target) => call('servicenow', 'configureOutbound', target),
      redeliver: (deliveryId, tampering) =>
        call('servicenow', 'redeliver', { deliveryId, ...(tampering === undefined ? {} : { tampering }) }),
      outboundDeliveries: () => call('servicenow', 'outboundDeliveries'),
      outboundSettled: () => call('servicenow', 'outboundSettled'),
      revokeTokens: (what = {}) => call('servicenow', 'revokeTokens', what),
      reset: () => call('servicenow', 'reset'),
    },
    slack: {
      faults: reach('slack'),
      messages: (channel) => call('slack', 'messages', { channel }),
      click: (click) => call('slack', 'click', click),
      forgeClick: (click) => call('slack', 'forgeClick', click),
      directory: () => call('slack', 'directory'),
      reset: () => call('slack', 'reset'),
    },
    github: {
      faults: reach('github'),
      revokeTokens: () => call('github', 'revokeTokens'),
      reset: () => call('github', 'reset'),
    },
    stop: () => call('process', 'stop'),
  };
}
