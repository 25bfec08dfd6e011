import { defineTrigger } from '@org/connector-sdk';
import * as z from 'zod';
import { parseIncidentChange } from '../incident-delivery.ts';
import { OVERLAP_SECONDS, pollIncidents } from '../incident-poll.ts';

export const incidentChanged = defineTrigger({
  title: 'Incident changed',
  description: 'An incident was created or changed, told by a signed message of the instance or found by polling.',
  scopes: ['incident.read'],
  event: z.object({
    sysId: z.string().describe('The sys_id.'),
    number: z.string().describe('The number people use.'),
    operation: z.enum(['insert', 'update']).describe('Created or changed.'),
    modCount: z.int().describe('The version after the change.'),
    updatedOn: z.iso.datetime().describe('When it was changed, UTC.'),
    changedFields: z.array(z.string()).describe('Columns whose value changed; empty when found by polling.'),
    shortDescription: z
      .string()
      .optional()
      .describe('One line on what is wrong. Written by a caller: text from outside.'),
    priority: z.string().optional().describe('1 critical to 5 planning.'),
    state: z.string().optional().describe('1 new, 2 in progress, 3 on hold, 6 resolved, 7 closed, 8 canceled.'),
    category: z.string().optional().describe('The stored value of the category.'),
  }),
  // A change has one version number however it was seen.
  eventKey: ({ sysId, modCount }) => `${sysId}:${modCount}`,
  occurredAt: ({ updatedOn }) => updatedOn,
  webhook: {
    verification: {
      scheme: 'hmac-sha256',
      signatureHeader: 'X-Connector-Signature',
      prefix: 'sha256=',
      encoding: 'hex',
      payload: '{timestamp}.{body}',
      timestampHeader: 'X-Connector-Timestamp',
      toleranceSeconds: 300,
    },
    contentTypes: ['application/json'],
    deliveryId: { header: 'X-Connector-Delivery' },
    maxBodyBytes: 262_144,
    parse: parseIncidentChange,
  },
  polling: { intervalSeconds: 60, overlapSeconds: OVERLAP_SECONDS, poll: pollIncidents },
});
