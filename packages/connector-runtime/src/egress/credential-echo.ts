/** Takes a credential out of what comes back. */
export interface CredentialEcho {
  text(text: string): string;
  /** Looks at bytes, so that a body that is no text comes through untouched. */
  bytes(body: Buffer): Buffer;
}

/**
 * Of these headers: what a server might echo of what was sent to it. A server that means to give a credential away can always
 * write it in a form that nobody looks for; it has the credential already.
 */
export function createCredentialEcho(headers: Readonly<Record<string, string>>): CredentialEcho {
  const forms = credentialForms(headers);
  const redact = (text: string) => forms.reduce((rest, form) => rest.replaceAll(form, '[redacted]'), text);
  return {
    text: redact,
    bytes(body) {
      if (!forms.some((form) => body.includes(form))) return body;
      const asBytes = (form: string) => Buffer.from(form).toString('latin1');
      const text = forms.reduce((rest, form) => rest.replaceAll(asBytes(form), '[redacted]'), body.toString('latin1'));
      return Buffer.from(text, 'latin1');
    },
  };
}

/** The whole value, the token in it, Basic's two parts, and each as JSON, a URL or base64 would hold it. */
function credentialForms(headers: Readonly<Record<string, string>>): string[] {
  const values = new Set<string>();
  for (const value of Object.values(headers)) {
    values.add(value);
    const token = /^\S+\s+(\S+)$/.exec(value)?.[1];
    if (token === undefined) continue;
    values.add(token);
    if (!/^basic /i.test(value)) continue;
    const pair = Buffer.from(token, 'base64').toString('utf8');
    values.add(pair);
    values.add(pair.slice(pair.indexOf(':') + 1));
  }
  // Shorter ones would hit text that is no credential. The longest go first.
  const long = [...values].filter(({ length }) => length >= 6);
  return [...new Set(long.flatMap(encodings))].sort((a, b) => b.length - a.length);
}

function encodings(value: string): string[] {
  const base64 = Buffer.from(value).toString('base64').replace(/=+$/, '');
  const json = JSON.stringify(value).slice(1, -1);
  const inUrl = encodeURIComponent(value);
  return [
    value,
    json,
    // As PHP writes it, and as .NET does.
    json.replaceAll('/', '\\/'),
    inUrl,
    inUrl.replaceAll(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase()),
    base64,
    base64.replaceAll('+', '-').replaceAll('/', '_'),
  ];
}
