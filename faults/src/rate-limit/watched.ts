import type { Limits } from '@org/connector-runtime/stages';

type Gate = Pick<ReturnType<Limits['open']>, 'pass'>;
type Pass = Gate['pass'];

/** By the gate's side, not part of it: when requests left this process, and what it had been told by then. */
export function watched() {
  const told = new Map<string, number>();
  const tooEarly: string[] = [];
  return {
    tooEarly,
    /** Around a gate, or where there is none. */
    gate(connectionId: string, gate: Gate = open): Gate {
      return {
        pass: (request, send) =>
          gate.pass(request, (onHead) => {
            const earlyMs = (told.get(connectionId) ?? 0) - Date.now();
            if (earlyMs > 0) tooEarly.push(`a node that was told to wait sent ${earlyMs} ms too early`);
            return send((head) => {
              const until = Number(head.headers['x-until'] ?? 0);
              told.set(connectionId, Math.max(told.get(connectionId) ?? 0, until));
              onHead(head);
            });
          }),
      };
    },
  };
}

const open: Gate = { pass: ((_, send) => send(() => {})) as Pass };
