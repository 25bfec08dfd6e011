import type { Emulators } from '../emulators.ts';
import type { SeenRequest } from '../front/request-log.ts';
import type { GitHubEffects } from '../github/github-front.ts';
import type { OutboundDelivery } from '../servicenow/outbound-webhook.ts';
import type { JournalEntry, ServiceNowEffects } from '../servicenow/servicenow-emulator.ts';
import type { Row } from '../servicenow/tables.ts';
import type { SlackEffects } from '../slack/slack-front.ts';
import type { SlackMessage } from '../slack/slack-message.ts';

/** Everything that a test or a demo checks, in one answer. */
export interface EmulatorsState {
  servicenow: {
    effects: ServiceNowEffects;
    incidents: Row[];
    /** By incident number. */
    journals: Record<string, JournalEntry[]>;
    outboundDeliveries: OutboundDelivery[];
    issuedTokens: string[];
    requests: SeenRequest[];
    heldReplies: number;
    pendingWrites: number;
  };
  slack: {
    effects: SlackEffects;
    /** By channel name, newest first; channels without messages are left out. */
    messages: Record<string, SlackMessage[]>;
    requests: SeenRequest[];
  };
  github: { effects: GitHubEffects; requests: SeenRequest[]; issuedTokens: string[] };
}

export async function readState({ servicenow, slack, github }: Emulators): Promise<EmulatorsState> {
  const incidents = servicenow.incidents();
  const channels = await Promise.all(
    Object.keys(slack.channels).map(async (name) => [name, await slack.messages(name)] as const),
  );
  return {
    servicenow: {
      effects: { ...servicenow.effects },
      incidents,
      journals: Object.fromEntries(incidents.map(({ number = '' }) => [number, servicenow.journal(number)])),
      outboundDeliveries: [...servicenow.outboundDeliveries],
      issuedTokens: servicenow.issuedTokens(),
      requests: [...servicenow.requests],
      heldReplies: servicenow.faults.held,
      pendingWrites: servicenow.faults.pending,
    },
    slack: {
      effects: { ...slack.effects },
      messages: Object.fromEntries(channels.filter(([, messages]) => messages.length > 0)),
      requests: [...slack.requests],
    },
    github: { effects: { ...github.effects }, requests: [...github.requests], issuedTokens: github.issuedTokens() },
  };
}
