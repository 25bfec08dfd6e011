import { runningRuntime } from '../../../running-runtime.ts';

/** The request as it came: its body is not read here, for a signature covers the bytes as they were sent. */
const answer = (request: Request) => runningRuntime().fetch(request, { prefix: '/connectors' });

export { answer as DELETE, answer as GET, answer as POST, answer as PUT };
