import { silentLog } from '../../types/log.ts';
import { openEmbedded } from './open-embedded.ts';

await openEmbedded({ dataDir: process.argv[2] ?? '', settings: ['shared_buffers=16MB'] }, silentLog);
process.send?.('open');
