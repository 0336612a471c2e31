import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import { describe, expect, it } from 'vitest';

import { allRecords, openShard, withFolder } from './shard-fixture.js';

const writer = resolve(import.meta.dirname, 'crash-writer.mjs');
const built = resolve(import.meta.dirname, '../../dist/shard/local-shard.js');

/** What the process said before it died: the value that each id must have at least, and those it may have. */
interface Evidence {
  readonly acknowledged: Map<number, number>;
  readonly started: Map<number, Set<number>>;
}

function note(evidence: Evidence, line: string): void {
  const [what, id, value] = line.split(' ');
  if (what === 'S') {
    const values = evidence.started.get(Number(id)) ?? new Set<number>();
    evidence.started.set(Number(id), values.add(Number(value)));
  } else if (what === 'A') {
    evidence.acknowledged.set(Number(id), Number(value));
    // One writer per id: what it had started before is overwritten by what is acknowledged now.
    evidence.started.set(Number(id), new Set());
  }
}

/** Runs the writer until so many writes were acknowledged, then kills it at once. */
async function writeUntilKilled(folder: string, seed: number, writes: number, evidence: Evidence): Promise<void> {
  const child = spawn(process.execPath, [writer, folder, String(seed)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let rest = '';
  let errors = '';
  let acknowledged = 0;
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  child.stdout.on('data', (text: Buffer) => {
    const lines = (rest + text.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      note(evidence, line);
      if (line.startsWith('A')) acknowledged += 1;
    }
    if (acknowledged >= writes) child.kill('SIGKILL');
  });
  const signal = await new Promise<NodeJS.Signals | null>((settled) => child.on('close', (_, by) => settled(by)));
  expect(errors).toBe('');
  expect(signal).toBe('SIGKILL');
}

describe('a shard whose process is killed', () => {
  it('has every write that was acknowledged, whatever it was doing', { timeout: 120_000 }, () =>
    withFolder(async (folder) => {
      expect(existsSync(built), `${built} is made by \`make build\``).toBe(true);
      const evidence: Evidence = { acknowledged: new Map(), started: new Map() };
      for (const [round, writes] of [30, 400, 150, 800, 5, 1200].entries()) {
        await writeUntilKilled(folder, round + 1, writes, evidence);
        const { shard, close } = await openShard(folder);
        const records = new Map((await allRecords(shard)).map((record) => [record.id, record]));
        for (const [id, value] of evidence.acknowledged) {
          const record = records.get(id);
          const allowed = new Set([value, ...(evidence.started.get(id) ?? [])]);
          expect(allowed, `point ${id} in round ${round}`).toContain(record?.payload['value']);
          // The vector is of the same write as the payload.
          expect(record?.vector?.[0]).toBe(Number(record?.payload['value']) % 1000);
          // What survived is what later rounds start from.
          evidence.acknowledged.set(id, Number(record?.payload['value']));
          evidence.started.set(id, new Set());
        }
        await close();
      }
    }),
  );
});
