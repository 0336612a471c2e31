/** What the files of a shard say. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLogRecords } from '../faults/log-records.js';

interface Manifest {
  readonly generation: number;
  readonly sequence: number;
}

function manifestIn(shardFolder: string): Manifest | null {
  const path = join(shardFolder, 'manifest');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8').split('\n')[0] ?? '') as Manifest) : null;
}

/** How often the shard was compacted and saved: 0 before the first time. */
export function savedGeneration(shardFolder: string): number {
  return manifestIn(shardFolder)?.generation ?? 0;
}

/** Operations in the log that a restart would replay. */
export function unsavedOperations(shardFolder: string): number {
  const last = readLogRecords(join(shardFolder, 'wal')).at(-1)?.sequence ?? 0;
  return Math.max(0, last - (manifestIn(shardFolder)?.sequence ?? 0));
}
