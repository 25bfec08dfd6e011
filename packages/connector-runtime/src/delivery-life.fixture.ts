import { githubDelivery } from './ingress/test-github-delivery.ts';
import { createTestIngress } from './ingress/test-ingress.ts';
import { connectStore } from './store/connect-store.ts';
import { systemClock as clock } from './types/clock.ts';
import { silentLog } from './types/log.ts';
import { Secret } from './types/secret.ts';

// A node that accepts one delivery, and is killed between its commit and its answer.
const { DATABASE = '', TOKEN = '', SECRET = '', DELIVERY = '', BODY = '' } = process.env;
const store = await connectStore(DATABASE, silentLog);
const secrets = { openEndpointSecret: async () => new Secret(SECRET) };
const onAccepted = () => process.kill(process.pid, 'SIGKILL');
const to = { token: TOKEN, secret: SECRET };
await createTestIngress({ store, clock, secrets }, { onAccepted }).receive(
  githubDelivery(to, { id: DELIVERY, receivedAt: clock.now(), body: BODY }),
);
