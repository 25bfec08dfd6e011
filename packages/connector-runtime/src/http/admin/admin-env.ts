import type { Hono } from 'hono';
import type { NodeBindings } from '../raw-request.ts';

/** `by`: who asks, as the audit names them: `admin:<name>`. */
export interface AdminEnv {
  Bindings: NodeBindings;
  Variables: { by: string };
}

export type AdminRouter = Hono<AdminEnv>;
