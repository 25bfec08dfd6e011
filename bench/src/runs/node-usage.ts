// Imported before a node's own program: on SIGUSR2 it collects its garbage and writes what it used to a file.
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { countStatements } from '../count-statements.ts';
import type { Usage } from './usage.ts';

const folder = new URL(import.meta.url).searchParams.get('into') ?? '';
const statements = countStatements();
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
let asked = 0;

process.on('SIGUSR2', () => {
  collect();
  asked += 1;
  const { user, system } = process.cpuUsage();
  const { heapUsed } = process.memoryUsage();
  const usage: Usage = { cpuMs: (user + system) / 1000, statements: statements(), heapBytes: heapUsed };
  const file = `${folder}/${process.pid}-${asked}`;
  writeFileSync(`${file}.new`, JSON.stringify(usage));
  renameSync(`${file}.new`, file);
});
