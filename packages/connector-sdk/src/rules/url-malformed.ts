import { hostOfUrl } from '../validation/host-pattern.ts';
import { listUrls } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const urlMalformed = defineMeaningRule({
  id: 'url-malformed',
  severity: 'error',
  title: 'Every URL can be requested',
  why: 'A URL without scheme or host fails at the first call; one with a user and password, or a fragment, is refused.',
  fix: 'Write an absolute URL without user, password and fragment: `https://api.example.com/v1`.',
  example: {
    at: '/connection/baseUrl',
    bad: 'desk.example/api',
    good: 'https://desk.example/api',
    found: '/connection/baseUrl',
  },
  *check(manifest) {
    for (const [path, url] of listUrls(manifest)) {
      const reason = whatIsWrong(url);
      if (reason) yield { path, message: `"${url}" ${reason}` };
    }
  },
});

function whatIsWrong(url: string): string | undefined {
  if (hostOfUrl(url) === undefined) return 'is not an absolute URL';
  if (url.includes('#')) return 'has a fragment, which is never sent';
  if (/^https?:\/\/[^/?]*@/i.test(url)) return 'carries a user';
  return undefined;
}
