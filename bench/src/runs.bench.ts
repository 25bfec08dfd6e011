import { defineBench } from './bench.ts';
import { besideBare } from './runs/beside-bare.ts';

export default defineBench({
  summary: 'webhook → read → write on 1, 2 and 4 nodes, beside a bare pg-boss handler; what parked runs cost',
  run: (options) => besideBare(options),
});
