/**
 * What the requests of one session did to the SaaS, as far as its answers tell.
 * `none`: nothing that writes left. `refused`: each got a definite no. `applied`: one was definitely done.
 * `uncertain`: one left and its outcome is not known.
 */
export type Effect = 'none' | 'refused' | 'applied' | 'uncertain';

const RANK: readonly Effect[] = ['none', 'refused', 'applied', 'uncertain'];

export function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** `status` is null when no answer came after the request left. */
export function effectOf(status: number | null): Effect {
  // 202: accepted, perhaps done later, perhaps never. 408: the server gave up reading, or so it says.
  if (status === null || status === 202 || status === 408 || status >= 500) return 'uncertain';
  if (status >= 200 && status <= 299) return 'applied';
  if (status >= 400) return 'refused';
  // "Ask over there": 307 and 308 say that nothing was done; the others may follow a finished write.
  return status === 307 || status === 308 ? 'refused' : 'uncertain';
}

export function worse(a: Effect, b: Effect): Effect {
  return RANK.indexOf(a) >= RANK.indexOf(b) ? a : b;
}
