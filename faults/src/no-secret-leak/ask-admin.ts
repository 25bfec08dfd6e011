/** A request to the admin API; the answer as it came, also a refusal. */
export type AskAdmin = (method: string, path: string, body?: unknown) => Promise<string>;

export function createAskAdmin(url: string, token: string): AskAdmin {
  return async (method, path, body) => {
    const response = await fetch(`${url}/admin/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return `${[...response.headers].join('\n')}\n${await response.text()}`;
  };
}
