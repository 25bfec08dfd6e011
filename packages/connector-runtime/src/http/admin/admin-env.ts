import type { Hono } from 'hono';
import type { TokenHolder } from '../../api-tokens/index.ts';
import type { NodeBindings } from '../raw-request.ts';

export interface AdminEnv {
  Bindings: NodeBindings;
  /** Whose token came with the request. */
  Variables: { holder: TokenHolder };
}

export type AdminRouter = Hono<AdminEnv>;
