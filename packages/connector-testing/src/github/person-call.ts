export interface PersonAnswer {
  readonly ok: boolean;
  readonly status: number;
  /** Undefined when the answer has no body. */
  readonly json: unknown;
}

export type PersonCall = (method: string, path: string, body?: unknown) => Promise<PersonAnswer>;

/** Calls of the API behind the front, by the token of a person who may do anything. */
export function createPersonCall(apiUrl: string, token: string): PersonCall {
  return async (method, path, body) => {
    const response = await fetch(new URL(path, apiUrl), {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { ok: response.ok, status: response.status, json: text === '' ? undefined : JSON.parse(text) };
  };
}
