import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

import { describe, expect, it } from 'vitest';

import { CrashEvidence } from './crash-evidence.js';
import { withFolder } from './shard-fixture.js';

const writer = resolve(import.meta.dirname, 'crash-writer.mjs');

/** Runs the writer until so many writes were acknowledged, then kills it at once. */
async function writeUntilKilled(folder: string, seed: number, writes: number, evidence: CrashEvidence): Promise<void> {
  const child = spawn(process.execPath, [writer, folder, String(seed)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let rest = '';
  let errors = '';
  let acknowledged = 0;
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  child.stdout.on('data', (text: Buffer) => {
    const all = rest + text.toString();
    const end = all.lastIndexOf('\n') + 1;
    rest = all.slice(end);
    evidence.note(all.slice(0, end));
    acknowledged += all.slice(0, end).match(/^A/gm)?.length ?? 0;
    if (acknowledged >= writes) child.kill('SIGKILL');
  });
  const signal = await new Promise<NodeJS.Signals | null>((settled) => child.on('close', (_, by) => settled(by)));
  expect(errors).toBe('');
  expect(signal).toBe('SIGKILL');
}

describe('a shard whose process is killed', () => {
  it('has every write that was acknowledged, whatever it was doing', { timeout: 120_000 }, () =>
    withFolder(async (folder) => {
      const evidence = new CrashEvidence();
      for (const [round, writes] of [30, 400, 150, 800, 5, 1200].entries()) {
        await writeUntilKilled(folder, round + 1, writes, evidence);
        await evidence.check(folder, `round ${round}`);
      }
      expect(evidence.acknowledged).toBeGreaterThan(300);
    }),
  );
});
