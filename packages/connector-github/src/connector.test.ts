import { deriveManifest } from '@org/connector-sdk';
import { expect, it } from 'vitest';
import github from './connector.ts';

it('has a manifest of reads only, with the code of its auth bound to the host of the connection', () => {
  const manifest = deriveManifest(github, { version: '1.0.0' });
  expect(Object.values(manifest.actions).map(({ effect }) => effect)).toEqual(['read', 'read', 'read']);
  expect(manifest.connection.auth.app).toMatchObject({ kind: 'custom', hosts: ['{config.apiUrl}'] });
});

it('takes signed webhooks of three events, and polls for what lists show', () => {
  const { triggers } = deriveManifest(github, { version: '1.0.0' });
  for (const { webhook } of Object.values(triggers)) {
    expect(webhook).toEqual({
      verification: { scheme: 'github-sha256' },
      contentTypes: ['application/json', 'application/x-www-form-urlencoded'],
      deliveryId: { header: 'X-GitHub-Delivery' },
      handshake: { kind: 'header-value', header: 'X-GitHub-Event', value: 'ping' },
      maxBodyBytes: 25 * 1024 * 1024,
      headers: ['x-github-event'],
    });
  }
  const polled = Object.entries(triggers).filter(([, { polling }]) => polling !== undefined);
  expect(polled.map(([name]) => name)).toEqual(['issue-changed', 'pull-request-changed']);
});

it('has only patterns that validators of JSON Schema read as Unicode expressions', () => {
  const patterns = JSON.stringify(deriveManifest(github, { version: '1.0.0' })).matchAll(
    /"pattern":("(?:[^"\\]|\\.)*")/g,
  );
  const sources = [...patterns].map(([, text]) => String(JSON.parse(text ?? '""')));
  expect(sources.length).toBeGreaterThan(0);
  for (const source of sources) expect(() => new RegExp(source, 'u'), source).not.toThrow();
});
