import pg from 'pg';
import type { Log } from '../types/log.ts';
import { appUrl } from './database-url.ts';
import { unreachable } from './owner-client.ts';

const RECONNECT_MS = 1_000;

export interface Listener {
  /** What was notified on the channel, by any node, this one included. */
  onMessage(text: string): void;
  /** Messages may have been lost: the connection broke, and is there again. */
  onGap(): void;
}

/**
 * Listens on a channel of the database until it is closed, over a connection of its own. Resolves when it listens.
 *
 * @throws RuntimeError `DATABASE_UNREACHABLE`
 */
export async function listen(url: string, channel: string, listener: Listener, log: Log): Promise<() => Promise<void>> {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  async function connect(): Promise<void> {
    const fresh = new pg.Client({
      connectionString: appUrl(url),
      connectionTimeoutMillis: 5000,
      keepAlive: true,
      application_name: 'connector-runtime listener',
    });
    client = fresh;
    fresh.on('notification', ({ payload }) => listener.onMessage(payload ?? ''));
    fresh.on('error', (error) => log.warn('the listening database connection broke', { channel, error }));
    // One that ends without an error ends all the same.
    fresh.on('end', () => {
      if (client === fresh) connectLater();
    });
    await fresh.connect();
    await fresh.query(`listen ${pg.escapeIdentifier(channel)}`);
    if (isClosed) await fresh.end();
  }

  function connectLater(): void {
    clearTimeout(timer);
    if (isClosed) return;
    timer = setTimeout(() => void connect().then(listener.onGap, connectLater), RECONNECT_MS);
  }

  async function close(): Promise<void> {
    isClosed = true;
    clearTimeout(timer);
    await client?.end();
  }

  try {
    await connect();
    return close;
  } catch (error) {
    await close().catch(() => {});
    throw unreachable(url, error);
  }
}
