/** The script that starts a node in its pod: a file of its own, for people and for tools that read shell. */
import { readFileSync } from 'node:fs';

export function readStartScript(): string {
  return readFileSync(new URL('../pod/start.sh', import.meta.url), 'utf8');
}
