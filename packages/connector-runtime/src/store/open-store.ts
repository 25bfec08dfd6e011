import type { Log } from '../types/log.ts';
import { connectStore, type Store } from './connect-store.ts';
import { openEmbedded } from './embedded/open-embedded.ts';

/** Where the data lies: a Postgres of the deployment's own, or a directory in which the runtime keeps one. */
export type StoreOptions =
  | { readonly databaseUrl: string; readonly dataDir?: undefined }
  | {
      readonly dataDir: string;
      readonly databaseUrl?: undefined;
      /** Of 127.0.0.1, for the embedded Postgres; a free one when left out. */
      readonly port?: number;
      /** False attaches to a server that a runtime already uses, for tools. */
      readonly exclusive?: boolean;
    };

/** Starts or finds the database, brings it to this schema, connects. Throws `DATABASE_*`, `DATA_DIRECTORY_*`, `PORT_UNAVAILABLE`. */
export async function openStore(options: StoreOptions, log: Log): Promise<Store> {
  if (options.dataDir === undefined) return connectStore(options.databaseUrl, log);
  const embedded = await openEmbedded(options, log);
  try {
    const store = await connectStore(embedded.url, log);
    return {
      ...store,
      soleOwner: embedded.owned,
      async close() {
        await store.close();
        await embedded.close();
      },
    };
  } catch (error) {
    await embedded.close();
    throw error;
  }
}
