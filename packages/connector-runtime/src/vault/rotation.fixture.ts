import { createAuditTrail } from '../audit/index.ts';
import { connectStore } from '../store/connect-store.ts';
import { systemClock } from '../types/clock.ts';
import { silentLog } from '../types/log.ts';
import { Secret } from '../types/secret.ts';
import { createLocalWrapper } from './local-wrapper.ts';
import { rotateTenants } from './rotate-tenant.ts';

// Rotates a tenant's key, and kills itself at the place it is told.
const { DATABASE = '', MASTER_KEY = '', TENANT = '', KILL_AT = '' } = process.env;
const store = await connectStore(DATABASE, silentLog);
const local = createLocalWrapper(new Secret(MASTER_KEY));
const die = () => process.kill(process.pid, 'SIGKILL');
let batches = 0;
let newKeyUnwraps = 0;
await rotateTenants({
  db: store.db,
  audit: createAuditTrail({ db: store.db, clock: systemClock }),
  wrappers: [
    {
      ...local,
      async unwrap(wrapped, context) {
        // The first time it is only looked whether the new key opens: it is not stored yet.
        if (context.version > 1) newKeyUnwraps += 1;
        if (KILL_AT === 'the new key' && newKeyUnwraps === 2) die();
        return local.unwrap(wrapped, context);
      },
    },
  ],
  tenantIds: [TENANT],
  by: 'test',
  batchSize: 1,
  settle: async () => {
    if (KILL_AT === 'the end') die();
  },
  onProgress: () => {
    batches += 1;
    if (KILL_AT === 'a batch' && batches === 5) die();
  },
});
