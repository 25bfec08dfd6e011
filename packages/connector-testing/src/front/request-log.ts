import type { FaultKind } from './fault-switches.ts';

/** One request that an emulator saw. Headers and bodies are never kept: they carry the credentials. */
export interface SeenRequest {
  method: string;
  /** Pathname without the query. */
  path: string;
  /** Query parameters without those that may hold a credential. */
  query: Record<string, string>;
  /** `null` while there is no answer, and when the answer was lost on purpose. */
  status: number | null;
  fault?: FaultKind;
}

const secretParameter = /token|secret|password|assertion|code/i;

export interface RequestLog {
  readonly seen: readonly SeenRequest[];
  open(method: string, url: URL): SeenRequest;
  clear(): void;
}

export function createRequestLog(): RequestLog {
  const seen: SeenRequest[] = [];
  return {
    seen,
    open(method, url) {
      const entries = [...url.searchParams].filter(([name]) => !secretParameter.test(name));
      const request: SeenRequest = { method, path: url.pathname, query: Object.fromEntries(entries), status: null };
      seen.push(request);
      return request;
    },
    clear() {
      seen.length = 0;
    },
  };
}
