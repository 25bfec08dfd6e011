import * as z from 'zod';

/** A channel, a private channel or a direct message. Names are refused: they change and can be taken over. */
export const channelId = z.string().regex(/^[CGD][A-Z0-9]{2,30}$/);

/** A message within its channel: seconds and a counter. */
export const messageTs = z.string().regex(/^\d{10}\.\d{6}$/);
