import { defineBench } from './bench.ts';
import { besideBare } from './runs/beside-bare.ts';
import { clickToWrite } from './runs/clicks.ts';
import { parkedRuns } from './runs/parked.ts';

export default defineBench({
  summary: 'webhook → read → write on 1, 2 and 4 nodes, beside a bare pg-boss handler; clicks; what parked runs cost',
  async run(options) {
    const rows = [];
    const ratios: Record<string, number> = {};
    for (const part of [besideBare, clickToWrite, parkedRuns]) {
      const measured = await part(options);
      rows.push(...measured.rows);
      Object.assign(ratios, measured.ratios);
    }
    return { rows, ratios };
  },
});
