import { main } from './main.ts';

await main('manifest-validate');
