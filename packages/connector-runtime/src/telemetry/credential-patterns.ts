/**
 * What shows by its place that it is a credential, also when nobody told us of it: what follows `Bearer` or `Basic`, the user
 * part of a URL, the value of a query parameter with a telling name, and tokens with their vendor's prefix.
 */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic|token) +(?=[\w.~+/=-]*[\d=])[\w.~+/-]{12,}={0,2}/gi, '$1 [redacted]'],
  [/([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#@"'<>]{1,500}@/gi, '$1[redacted]@'],
  [
    /([?&#](?:access_token|refresh_token|id_token|client_secret|client_assertion|code|state|token|api_?key|key|secret|password|sig|signature)=)[^&#\s"'<>]{1,4000}/gi,
    '$1[redacted]',
  ],
  [
    /\b(?:gh[a-z]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255}|xox[a-z]-[A-Za-z0-9-]{10,255}|ctk_[\w-]{20,255})/g,
    '[redacted]',
  ],
  [/\beyJ[\w-]{8,4000}\.[\w-]{8,8000}\.[\w-]{0,2000}/g, '[redacted]'],
  // Up to whatever comes next between dashes: what has no end is not searched for one again from each beginning.
  [
    /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:(?!-----)[\s\S]){0,20000}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?/g,
    '[redacted]',
  ],
];

export function redactPatterns(text: string): string {
  let result = text;
  for (const [pattern, replacement] of PATTERNS) result = result.replaceAll(pattern, replacement);
  return result;
}
