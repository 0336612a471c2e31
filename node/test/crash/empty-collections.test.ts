import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../faults/power-loss.js';
import { WatchedDisk } from '../faults/watched-disk.js';
import { NodeProcess } from '../harness/node-process.js';
import { restCaller } from '../harness/rest.js';

/** The budgets of one empty collection, and the time in which a node must start with 1,000 of them. */
const diskBytesMax = 256 * 1024;
const memoryBytesMax = 64 * 1024;
const startMsMax = 10_000;
const collections = Number(process.env['EMPTY_COLLECTIONS'] ?? 100);
const idleMs = 1_000;
/**
 * Two processes that do the same differ by 4 MiB, and one that opened collections keeps as much again of what the
 * heap grew to on the way, however many there were: 89 KiB each with 300 were 51 KiB each with 1,000.
 */
const memoryNoiseBytes = 8 * 1024 * 1024;

let base = '';

beforeEach(() => {
  base = temporaryFolder();
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) * 1024;
}

/** Processor time and wake-ups of all threads so far. */
function activity(pid: number): { readonly processorMs: number; readonly wakeups: number } {
  let ticks = 0;
  let wakeups = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    ticks += Number(user) + Number(system);
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
    wakeups += Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
  }
  return { processorMs: ticks * 10, wakeups };
}

function diskBytes(folder: string): number {
  return Number(execFileSync('du', ['-s', '-k', folder], { encoding: 'utf8' }).split('\t')[0]) * 1024;
}

async function idle(
  pid: number,
  disk: WatchedDisk | null,
): Promise<{ readonly processorMs: number; readonly wakeups: number }> {
  // What the start left to do is done within this: checkpoints of nothing, garbage.
  await pause(idleMs);
  const before = activity(pid);
  const journalBytes = disk?.journalBytes();
  await pause(idleMs);
  expect(disk?.journalBytes(), 'what is done to files at rest').toBe(journalBytes);
  const after = activity(pid);
  return { processorMs: after.processorMs - before.processorMs, wakeups: after.wakeups - before.wakeups };
}

/** Resident memory and activity of a node at rest that was just started on `folder`. */
async function measureStart(
  folder: string,
  disk: WatchedDisk | null,
): Promise<{
  readonly startMs: number;
  readonly memoryBytes: number;
  readonly idle: { readonly processorMs: number; readonly wakeups: number };
}> {
  const startedAtMs = performance.now();
  const node = await NodeProcess.start({ folder, environment: disk?.environment ?? {} });
  const startMs = performance.now() - startedAtMs;
  try {
    const rest = await idle(node.pid, disk);
    return { startMs, memoryBytes: residentBytes(node.pid), idle: rest };
  } finally {
    await node.end('SIGTERM');
  }
}

describe(`${collections} empty collections`, () => {
  it('cost little disk and memory, start soon, and do nothing at rest', { timeout: 300_000 }, async () => {
    const folder = join(base, 'node');
    mkdirSync(folder);
    let node = await NodeProcess.start({ folder });
    await node.end('SIGTERM');
    const alone = await measureStart(folder, null);
    const diskAlone = diskBytes(folder);

    node = await NodeProcess.start({ folder });
    const call = restCaller(node.url);
    const config = { vectors: { size: 768, distance: 'Cosine' } };
    for (let index = 0; index < collections; index += 1) {
      expect((await call('PUT', `/collections/empty-${index}`, config)).status).toBe(200);
    }
    const diskEach = (diskBytes(folder) - diskAlone) / collections;
    expect((await node.end('SIGTERM')).code).toBe(0);
    const many = await measureStart(folder, new WatchedDisk({ folder, workFolder: join(base, 'work') }));
    const memoryEach = (many.memoryBytes - alone.memoryBytes - memoryNoiseBytes) / collections;

    console.log(
      `${collections} empty collections: start ${many.startMs.toFixed(0)} ms (${alone.startMs.toFixed(0)} without), ` +
        `${(diskEach / 1024).toFixed(1)} KiB of disk and ${(memoryEach / 1024).toFixed(1)} KiB of memory each, at rest ` +
        `${many.idle.processorMs} ms of processor and ${many.idle.wakeups} wake-ups in ${idleMs} ms ` +
        `(${alone.idle.processorMs} and ${alone.idle.wakeups} without)`,
    );
    expect(diskEach).toBeLessThan(diskBytesMax);
    expect(memoryEach).toBeLessThan(memoryBytesMax);
    expect(many.startMs - alone.startMs).toBeLessThan(startMsMax);
    // A timer or a sync of each collection would be as many wake-ups.
    expect(many.idle.wakeups - alone.idle.wakeups).toBeLessThan(collections / 2);
  });
});
