import { randomBytes, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type KmsServer, serveKms } from '../../e2e/kms-server.ts';
import { createAwsKmsWrapper } from './aws-kms-wrapper.ts';

let server: KmsServer;
const context = { tenantId: randomUUID(), version: 3 };
const dataKey = randomBytes(32);
const withCode = (code: string) => expect.objectContaining({ code });
const open = (keyId = server.keyId) => createAwsKmsWrapper({ keyId, region: 'eu-central-1', endpoint: server.url });

beforeEach(async () => {
  server = await serveKms();
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', randomBytes(20).toString('hex'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

describe('a key wrapped by AWS KMS', () => {
  it('opens for its tenant and version, and for no other', async () => {
    const wrapper = await open();
    const wrapped = await wrapper.wrap(dataKey, context);
    expect(wrapped.includes(dataKey)).toBe(false);
    await expect(wrapper.unwrap(wrapped, context)).resolves.toEqual(dataKey);
    await expect(wrapper.unwrap(wrapped, { ...context, version: 4 })).resolves.toBeUndefined();
    await expect(wrapper.unwrap(wrapped, { ...context, tenantId: randomUUID() })).resolves.toBeUndefined();
  });

  it('is sent under the tenant as encryption context, which the key policy and its log can name', async () => {
    await (await open()).wrap(dataKey, context);
    expect(JSON.parse(server.requests[0]?.body ?? '')).toMatchObject({
      EncryptionContext: { purpose: 'connector-tenant-key', tenant: context.tenantId, version: '3' },
    });
  });

  it.each([
    [{ status: 400, type: 'ThrottlingException' }, 'KEY_SERVICE_UNAVAILABLE'],
    [{ status: 500, type: 'KMSInternalException' }, 'KEY_SERVICE_UNAVAILABLE'],
    [{ status: 400, type: 'AccessDeniedException' }, 'KEY_SERVICE_REFUSED'],
    [{ status: 400, type: 'DisabledException' }, 'KEY_SERVICE_REFUSED'],
    [{ status: 400, type: 'KMSInvalidStateException' }, 'KEY_SERVICE_REFUSED'],
    [{ status: 400, type: 'NotFoundException' }, 'KEY_SERVICE_REFUSED'],
  ])('is reported by what to do about it when the service says %j', async (fails, code) => {
    const wrapper = await open();
    const wrapped = await wrapper.wrap(dataKey, context);
    server.fails = fails;
    await expect(wrapper.unwrap(wrapped, context)).rejects.toEqual(withCode(code));
    const error: unknown = await wrapper.wrap(dataKey, context).catch((reason: unknown) => reason);
    expect(error).toEqual(withCode(code));
    expect(String(error)).not.toContain('somebody');
  });

  it('is unavailable while nothing answers', async () => {
    const wrapper = await open();
    await server.close();
    await expect(wrapper.wrap(dataKey, context)).rejects.toEqual(withCode('KEY_SERVICE_UNAVAILABLE'));
  });
});
