import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAllowedHost, resolveAllowedHosts, resolveTemplate } from './allowed-hosts.ts';

const allows = (patterns: string[], url: string, config = {}) =>
  isAllowedHost(new URL(url), resolveAllowedHosts(patterns, config));

describe('allowed hosts', () => {
  it.each([
    ['api.github.com', 'https://api.github.com/repos', true],
    ['api.github.com', 'https://API.GitHub.com/', true],
    ['api.github.com', 'https://api.github.com:443/', true],
    ['api.github.com', 'https://api.github.com:8443/', false],
    ['api.github.com', 'http://api.github.com/', false],
    ['api.github.com', 'https://api.github.com./', false],
    ['api.github.com', 'https://evil-api.github.com/', false],
    ['api.github.com', 'https://api.github.com.evil.example/', false],
    ['api.github.com', 'https://api.github.com@evil.example/', false],
    ['api.github.com', 'https://\u0430pi.github.com/', false],
    ['api.github.com', 'https://api.g\u0131thub.com/', false],
    ['api.github.com', 'https://api%2egithub.com.evil.example/', false],
    ['api.github.com', 'https://api.github.com\\@evil.example/', true],
    ['127.0.0.1', 'https://2130706433/', true],
    ['localhost', 'https://localhost./', false],
    ['*.slack.com', 'https://files.slack.com/', true],
    ['*.slack.com', 'https://a.b.slack.com/', true],
    ['*.slack.com', 'https://slack.com/', false],
    ['*.slack.com', 'https://notslack.com/', false],
    ['*.slack.com', 'https://evil.example/?.slack.com', false],
    ['files.example:8443', 'https://files.example:8443/', true],
    ['files.example:8443', 'https://files.example/', false],
  ])('%s and %s: %s', (pattern, url, allowed) => {
    expect(allows([pattern], url)).toBe(allowed);
  });

  it("takes host and port from a URL of the connection's config", () => {
    const config = { instanceUrl: 'http://127.0.0.1:4010/base' };
    expect(resolveAllowedHosts(['{config.instanceUrl}'], config)).toEqual(['127.0.0.1:4010']);
    expect(allows(['{config.instanceUrl}'], 'http://127.0.0.1:4010/x', config)).toBe(true);
    expect(allows(['{config.instanceUrl}'], 'http://127.0.0.1:4011/x', config)).toBe(false);
  });

  it.each(['*', '*.com', '', 'a b', 'https://', '{config.missing}', 'user@host', 'host/path'])(
    'refuses the pattern %j',
    (pattern) => {
      expect(() => resolveAllowedHosts([pattern], { other: 'x' })).toThrow(
        expect.objectContaining({ code: 'CONNECTION_CONFIG_INVALID' }),
      );
    },
  );

  it.each([
    ['{config.host}', '*.co.example'],
    ['{config.host}.co.example', '*'],
    ['*.{config.host}', 'example'],
    ['{config.host}.example', 'evil.test/'],
    ['{config.host}.example', 'evil.test:443/'],
    ['{config.host}.example', 'evil.test#'],
    ['{config.host}', 'user@evil.test'],
  ])('does not let config widen %s (%s)', (pattern, host) => {
    expect(() => resolveAllowedHosts([pattern], { host })).toThrow(
      expect.objectContaining({ code: 'CONNECTION_CONFIG_INVALID' }),
    );
  });

  it('does not let config reach into prototypes', () => {
    expect(() => resolveTemplate('{config.constructor.name}', {})).toThrow(
      expect.objectContaining({ code: 'CONNECTION_CONFIG_INVALID' }),
    );
  });

  it('allows by a plain pattern exactly its own host, whatever the URL', () => {
    fc.assert(
      fc.property(fc.webUrl({ validSchemes: ['https'], withQueryParameters: true }), (href) => {
        const url = new URL(href);
        expect(isAllowedHost(url, ['api.example.com'])).toBe(url.hostname === 'api.example.com' && url.port === '');
      }),
    );
  });
});
