import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ScriptedCluster } from './scripted-cluster.js';

const folder = join(import.meta.dirname, 'golden');
const rewrite = process.env['GOLDEN_REWRITE'] !== undefined;

/** Comments and commands stay; what is indented below a command is what happened. Commands after ~ are silent. */
function play(script: string): string {
  const cluster = new ScriptedCluster();
  const played: string[] = [];
  for (const line of script.split('\n')) {
    if (line.startsWith('    ')) continue;
    played.push(line);
    if (line.startsWith('~ ')) cluster.run(line.slice(2));
    if (line.startsWith('> ')) played.push(...cluster.run(line.slice(2)).map((said) => `    ${said}`));
  }
  return played.join('\n');
}

/** GOLDEN_REWRITE=1 writes what happens now; commit it only if you understand the difference. */
describe('scripts', () => {
  it.each(readdirSync(folder))('%s', (file) => {
    const path = join(folder, file);
    const script = readFileSync(path, 'utf8');
    const played = play(script);
    if (rewrite) writeFileSync(path, played);
    else expect(played).toBe(script);
  });
});
