// Imported before a node's own program: the build that must be caught.
import { type LeftOut, leaveOut } from '../leave-out.ts';

for (const step of JSON.parse(process.env.CLUSTER_LEFT_OUT ?? '[]') as LeftOut[]) leaveOut(step);
