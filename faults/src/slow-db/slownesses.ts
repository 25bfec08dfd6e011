import pg from 'pg';
import { asOwner } from '../as-owner.ts';
import type { Line } from './line.ts';

/** A way in which a database that runs doesn't answer in time. */
export interface Slowness {
  readonly name: string;
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** What a statement takes, by itself or on its way there and back. */
export const SLOW_MS = 5_000;

/** Of a migration, of a bad plan or a busy disk, of a network; and a database that is there and says nothing. */
export function slownesses(databaseUrl: string, line: Line): readonly Slowness[] {
  return [
    locked(databaseUrl),
    sleeping(databaseUrl),
    {
      name: 'a line that delays',
      async begin() {
        line.delayMs = SLOW_MS / 2;
      },
      async end() {
        line.delayMs = 0;
      },
    },
    { name: 'silence', begin: async () => line.silence(), end: async () => line.speak() },
  ];
}

/** Another session holds what every insert needs; who only reads goes on. */
export function locked(databaseUrl: string): Slowness {
  let holder: pg.Client | undefined;
  return {
    name: 'a lock',
    async begin() {
      holder = new pg.Client({ connectionString: databaseUrl });
      await holder.connect();
      await holder.query('begin; lock table connector.deliveries in share row exclusive mode');
    },
    end: async () => holder?.end(),
  };
}

/** Each statement that stores or claims deliveries takes so long. */
function sleeping(databaseUrl: string): Slowness {
  return {
    name: 'slow statements',
    begin: () =>
      asOwner(
        databaseUrl,
        `create function public.sleepy() returns trigger language plpgsql as
           $$ begin perform pg_sleep(${SLOW_MS / 1000}); return null; end $$;
         create trigger sleepy before insert or update on connector.deliveries
           for each statement execute function public.sleepy()`,
      ),
    end: () =>
      asOwner(databaseUrl, 'drop trigger sleepy on connector.deliveries; drop function public.sleepy() cascade'),
  };
}
