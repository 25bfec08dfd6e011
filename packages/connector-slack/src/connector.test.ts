import { deriveManifest } from '@org/connector-sdk';
import { expect, it } from 'vitest';
import slack from './connector.ts';

it('has a manifest with a verified interaction and a compensated post', () => {
  const manifest = deriveManifest(slack, { version: '1.0.0' });
  expect(Object.keys(manifest.actions)).toEqual(['post-message', 'update-message', 'withdraw-message']);
  expect(manifest.actions['post-message']?.reversible).toEqual({ by: 'compensation', action: 'withdraw-message' });
  expect(manifest.actions['withdraw-message']?.reversible).toEqual({ by: 'undo', action: 'update-message' });
  expect(manifest.approvalChannels.approval?.interaction).toMatchObject({
    verification: { scheme: 'slack-v0' },
    handshake: { kind: 'slack-url-verification' },
  });
});

it('has only patterns that validators of JSON Schema read as Unicode expressions', () => {
  const patterns = JSON.stringify(deriveManifest(slack, { version: '1.0.0' })).matchAll(
    /"pattern":("(?:[^"\\]|\\.)*")/g,
  );
  const sources = [...patterns].map(([, text]) => String(JSON.parse(text ?? '""')));
  expect(sources.length).toBeGreaterThan(0);
  for (const source of sources) expect(() => new RegExp(source, 'u'), source).not.toThrow();
});
