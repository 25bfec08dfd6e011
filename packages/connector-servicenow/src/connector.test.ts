import { deriveManifest } from '@org/connector-sdk';
import { expect, it } from 'vitest';
import servicenow from './connector.ts';

it('has a manifest in which every action and field is described', () => {
  const manifest = deriveManifest(servicenow, { version: '1.0.0' });
  expect(Object.keys(manifest.actions)).toEqual([
    'add-work-note',
    'get-incident',
    'update-assignment',
    'update-category',
    'update-priority',
  ]);
  expect(manifest.actions['add-work-note']?.idempotency).toEqual({ mode: 'marker', settleSeconds: 300, resolve: true });
  expect(manifest.actions['add-work-note']?.reversible).toEqual({ by: 'compensation', action: 'add-work-note' });
  expect(manifest.actions['update-assignment']?.reversible).toEqual({ by: 'undo', action: 'update-assignment' });
  expect(manifest.connection.allowedHosts).toEqual(['{config.instanceUrl}']);
  expect(manifest.triggers['incident-changed']?.webhook?.verification.scheme).toBe('hmac-sha256');
});

it('has only patterns that validators of JSON Schema read as Unicode expressions', () => {
  const patterns = JSON.stringify(deriveManifest(servicenow, { version: '1.0.0' })).matchAll(
    /"pattern":("(?:[^"\\]|\\.)*")/g,
  );
  const sources = [...patterns].map(([, text]) => String(JSON.parse(text ?? '""')));
  expect(sources.length).toBeGreaterThan(0);
  for (const source of sources) expect(() => new RegExp(source, 'u'), source).not.toThrow();
});
