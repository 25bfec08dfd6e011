import type { FaultOptions } from '../fault.ts';
import { createCanarySearch, see } from './judge.ts';
import type { Scene, Tried } from './scene.ts';

const READ_OFTEN = ['policy', 'connections', 'endpoints', 'enablements', 'audit', 'tokens', 'runs', 'deliveries'];

/** Both tenants ask the same in turn and at once: whatever is remembered is remembered by tenant. */
export async function tryCaches({ deployment, own, foreign }: Scene, { size }: FaultOptions): Promise<Tried> {
  const violations: string[] = [];
  const rounds = size === 'short' ? 3 : 50;
  const asks = Array.from({ length: rounds }, () => READ_OFTEN).flat();
  for (const part of asks) {
    await Promise.all(
      [own, foreign].map(async (one) => {
        const path = `/tenants/${one.ids.tenantId}/${part}`;
        const { raw } = await see(await deployment.ask({ method: 'GET', path, token: one.tokens.at(-1) ?? '' }));
        const other = one === own ? foreign : own;
        if (!raw.startsWith('200')) violations.push(`GET …/${part} answers ${raw.slice(0, 3)} to its own tenant`);
        if (createCanarySearch(other.canary)(raw)) violations.push(`GET …/${part} gives another tenant’s data`);
      }),
    );
  }
  return { tried: asks.length * 2, violations };
}
