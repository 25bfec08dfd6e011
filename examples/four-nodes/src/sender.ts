import { setTimeout as pause } from 'node:timers/promises';
import type { Place } from '../../embedding-check/src/administrator.ts';
import { signedHeaders } from '../../embedding-check/src/sender.ts';

export interface Sender {
  /** Sends changes, so many at once, until `isOver`; each with its own id, again and again until it is answered 2xx. */
  sendUntil(isOver: () => boolean, atOnce: number): Promise<void>;
  /** Changes that were answered 2xx. */
  readonly accepted: number;
  /** Answers and broken connections after which one was sent again. */
  readonly again: number;
}

const PACE_MS = 5;
const AGAIN_MS = 100;

/** A vendor that keeps its own record of what it was told. */
export function createSender(origin: string, place: Place): Sender {
  const url = new URL(new URL(place.hookUrl).pathname, origin);
  let sent = 0;
  let accepted = 0;
  let again = 0;

  async function deliver(): Promise<void> {
    const version = ++sent;
    const body = Buffer.from(
      JSON.stringify({
        table: 'incident',
        operation: 'update',
        sys_id: 'a9e30c7dc61122760116894de7bcc7bd',
        number: 'INC0010001',
        sys_mod_count: String(version),
        sys_updated_on: '2026-03-01 23:59:59',
        record: {},
      }),
    );
    for (; ; await pause(AGAIN_MS)) {
      const headers = Object.fromEntries(signedHeaders(body, place, `change-${version}`));
      const answer = await fetch(url, { method: 'POST', headers, body }).catch(() => undefined);
      await answer?.body?.cancel();
      if (answer?.ok) break;
      again += 1;
    }
    accepted += 1;
  }

  return {
    async sendUntil(isOver, atOnce) {
      const lane = async () => {
        for (; !isOver(); await pause(PACE_MS)) await deliver();
      };
      await Promise.all(Array.from({ length: atOnce }, lane));
    },
    get accepted() {
      return accepted;
    },
    get again() {
      return again;
    },
  };
}
