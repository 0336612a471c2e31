/** The script that starts a node in its pod, run as it is, with a node that only prints how it was started. */
import { execFileSync, spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = resolve(import.meta.dirname, '..', '..', 'pod', 'start.sh');
const own = 'http://qdrant-a-1.qdrant-headless-a:6335';
const shells = ['sh', 'bash', 'busybox'].filter((shell) => spawnSync(shell, ['-c', 'true']).error === undefined);

/** What our node writes before anything else. */
function ownIdentity(peer: number, joined: object | null): string {
  return `${JSON.stringify({ format: 1, peer, incarnation: 3, joined }, null, 1)}\n`;
}
const admitted = { cluster: 77, peers: [{ peer: 9, uri: 'http://qdrant-a-0.qdrant-headless-a:6335' }] };

/** The original's file: one line, and between the parts that are read what users may have put there. */
function originalState(peer: string, commit: number, clusterMetadata: object = {}): string {
  const metadata = JSON.stringify(clusterMetadata);
  return (
    `{"state":{"hard_state":{"term":2,"vote":1,"commit":${commit}},"conf_state":{"voters":[1],"learners":[]}},` +
    `"latest_snapshot_meta":{"term":0,"index":0},"apply_progress_queue":null,"first_voter":1,` +
    `"peer_address_by_id":{"1":"http://qdrant-a-0.qdrant-headless-a:6335/"},"cluster_metadata":${metadata},` +
    `"this_peer_id":${peer}}`
  );
}

let folder: string;
let started: ChildProcessWithoutNullStreams[] = [];

function put(path: string, content: string): void {
  const full = join(folder, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, content);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pod-'));
  mkdirSync(join(folder, 'storage'));
  put('qdrant', '#!/bin/sh\necho "$(pwd) ${QDRANT_BOOTSTRAP:-} ${QDRANT_URI:-} $*"\n');
  chmodSync(join(folder, 'qdrant'), 0o755);
  put('grant', '');
});

afterEach(() => {
  for (const child of started) child.kill('SIGKILL');
  started = [];
  rmSync(folder, { recursive: true });
});

function environment(more: Record<string, string> = {}): Record<string, string | undefined> {
  return {
    PATH: process.env['PATH'],
    NODE_FOLDER: folder,
    GRANT_FILE: join(folder, 'grant'),
    CONFIG_FILE: '/settings.yaml',
    PEER_URI: own,
    ...more,
  };
}

function run(more: Record<string, string> = {}): { readonly printed: string; readonly complaint: string } {
  const { stdout, stderr } = spawnSync('sh', [script], { env: environment(more), encoding: 'utf8', timeout: 10_000 });
  return { printed: stdout.trim(), complaint: stderr.trim() };
}

/** How the node was started, or that it was not. */
function startedAs(flags: string): string {
  return `${folder}   --config-path /settings.yaml --uri ${own}${flags}`;
}

function runInBackground(): { readonly child: ChildProcessWithoutNullStreams; readonly output: () => string } {
  const child = spawn('sh', [script], { env: environment() });
  started.push(child);
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  return { child, output: () => output };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`Not within 10 s: ${what}`);
    await new Promise((resume) => setTimeout(resume, 10));
  }
}

const waiting = 'waiting for the operator to let this node begin a cluster or join one';

describe.each(shells)('the witness, in %s', (shell) => {
  function witness(): string {
    const file = join(folder, 'termination-log');
    const args = shell === 'busybox' ? ['sh', script, 'witness', file] : [script, 'witness', file];
    const printed = execFileSync(shell, args, { env: environment(), encoding: 'utf8' });
    expect(readFileSync(file, 'utf8')).toBe(printed);
    return printed;
  }

  it('finds a new volume empty, also with what a file system brings along', () => {
    expect(witness()).toBe('empty\n');
    mkdirSync(join(folder, 'storage', 'lost+found'));
    expect(witness()).toBe('empty\n');
  });

  it('knows our node by the cluster that admitted it, or by the cluster that it began', () => {
    put('storage/raft/peer.json', ownIdentity(412_345_678_901, null));
    expect(witness(), 'before it is admitted').toBe('empty\n');
    put('storage/raft_state.json', JSON.stringify({ state: { hard_state: { commit: 0 } }, this_peer_id: 4 }, null, 1));
    expect(witness(), 'with the file for people').toBe('empty\n');
    put('storage/raft/snapshot', 'binary');
    expect(witness(), 'as the first of a cluster').toBe('peer 412345678901\n');
    rmSync(join(folder, 'storage', 'raft', 'snapshot'));
    put('storage/raft/peer.json', ownIdentity(412_345_678_901, admitted));
    expect(witness(), 'admitted').toBe('peer 412345678901\n');
  });

  it('knows the original by a committed index', () => {
    mkdirSync(join(folder, 'storage', 'collections_meta_wal'));
    put('storage/raft_state.json', originalState('123', 0));
    expect(witness(), 'let in halfway').toBe('empty\n');
    put('storage/raft_state.json', originalState('123', 10));
    expect(witness()).toBe('peer 123\n');
  });

  it('keeps every digit of an id, and takes none out of the metadata of users', () => {
    mkdirSync(join(folder, 'storage', 'collections_meta_wal'));
    const hostile = { a: { this_peer_id: 666, hard_state: { commit: 0 }, peer: 667 }, b: '"this_peer_id":668}' };
    put('storage/raft_state.json', originalState('18446744073709551615', 7, hostile));
    expect(witness()).toBe('peer 18446744073709551615\n');
  });

  it.each([
    ['cut off', originalState('123', 5).slice(0, 60)],
    ['empty', ''],
    ['zeros', '\0'.repeat(200)],
    ['of another kind', '{"something":1}'],
    ['without an id', originalState('null', 5)],
  ])('does not call a volume empty whose state is damaged: %s', (_case, content) => {
    mkdirSync(join(folder, 'storage', 'collections_meta_wal'));
    put('storage/raft_state.json', content);
    expect(witness()).toBe('damaged storage/raft_state.json\n');
  });

  it('does not call a volume empty whose identity is damaged', () => {
    put('storage/raft/peer.json', ownIdentity(5, admitted).slice(0, 20));
    put('storage/raft_state.json', originalState('5', 5));
    expect(witness()).toBe('damaged storage/raft/peer.json\n');
  });

  it('does not take our node without its folder for the original', () => {
    put('storage/raft_state.json', originalState('5', 5));
    expect(witness()).toBe('damaged storage/raft\n');
  });

  it('does not call a volume empty that cannot be read', () => {
    put('storage/raft', 'a file where a folder should be');
    expect(witness()).toBe('damaged storage/raft\n');
  });
});

describe('the start of a node', () => {
  it('begins a cluster only with the grant for it', () => {
    put('grant', 'bootstrap');
    expect(run().printed).toBe(startedAs(''));
  });

  it('joins the member that it was granted', () => {
    put('grant', 'join=http://qdrant-a-0.qdrant-headless-a:6335');
    expect(run().printed).toBe(startedAs(' --bootstrap http://qdrant-a-0.qdrant-headless-a:6335'));
  });

  it('joins again when it was let in halfway', () => {
    put('storage/raft/peer.json', ownIdentity(5, null));
    put('grant', 'join=http://qdrant-a-0.qdrant-headless-a:6335\n');
    expect(run().printed).toBe(startedAs(' --bootstrap http://qdrant-a-0.qdrant-headless-a:6335'));
  });

  it('goes on as the peer that it was, with no grant and with one of another kind', () => {
    put('storage/raft/peer.json', ownIdentity(5, admitted));
    expect(run().printed).toBe(startedAs(''));
    put('grant', 'bootstrap');
    expect(run().printed).toBe(startedAs(''));
    rmSync(join(folder, 'grant'));
    expect(run().printed, 'without the file of the grant').toBe(startedAs(''));
  });

  it('tells a restarted node an old grant, which it ignores, without trying its addresses', () => {
    put('storage/raft/peer.json', ownIdentity(5, admitted));
    put('grant', 'join=http://gone.example:6335,http://127.0.0.1:1');
    expect(run().printed).toBe(startedAs(' --bootstrap http://gone.example:6335'));
  });

  it('chooses the first member that can be connected to', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    put('grant', `join=http://127.0.0.1:1,http://127.0.0.1:${address.port}/,http://127.0.0.1:2`);
    const { child, output } = runInBackground();
    await once(child, 'close');
    server.close();
    expect(output().trim()).toBe(startedAs(` --bootstrap http://127.0.0.1:${address.port}/`));
  });

  it('takes the first member when none can be connected to, and lets the node say why', () => {
    put('grant', 'join=http://127.0.0.1:1,http://127.0.0.1:2');
    expect(run().printed).toBe(startedAs(' --bootstrap http://127.0.0.1:1'));
  });

  it('never joins itself, which would begin a cluster', () => {
    put('grant', `join=${own},${own}/,http://127.0.0.1:2`);
    expect(run().printed).toBe(startedAs(' --bootstrap http://127.0.0.1:2'));
  });

  it('passes an address on as one word, whatever is in it', () => {
    put('grant', 'join=http://a:6335/$(touch${IFS}x);*');
    expect(run().printed).toBe(startedAs(' --bootstrap http://a:6335/$(touch${IFS}x);*'));
    expect(existsSync(join(folder, 'x'))).toBe(false);
  });

  it('takes grants from nowhere else', () => {
    put('grant', 'bootstrap');
    expect(run({ QDRANT_BOOTSTRAP: 'http://other:6335', QDRANT_URI: 'http://other:6335' }).printed).toBe(startedAs(''));
  });

  it('waits before the start when that is wanted', () => {
    put('grant', 'bootstrap');
    const { printed } = run({ START_DELAY_SECONDS: '1' });
    expect(printed).toBe(`Starting in 1 s, as startupDelaySeconds asks.\n${startedAs('')}`);
  });

  it('starts on no damaged volume, whatever is granted', () => {
    put('storage/raft/peer.json', '{');
    put('grant', 'bootstrap');
    const { printed, complaint } = run();
    expect(printed).toBe('');
    expect(complaint).toContain('storage/raft/peer.json on the volume is damaged or cannot be read');
  });

  it('needs an address for the others', () => {
    expect(run({ PEER_URI: '' }).complaint).toContain('is the address of this node for other peers');
  });
});

describe('a node without a grant', () => {
  it('waits, says so once, and starts when one comes', async () => {
    const { child, output } = runInBackground();
    await until('it waits', () => output().includes(waiting));
    put('grant', 'join=');
    put('grant', `join=${own}`);
    put('grant', 'something=else');
    put('grant', 'join=http://qdrant-a-0.qdrant-headless-a:6335');
    await once(child, 'close');
    const lines = output().trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toBe(startedAs(' --bootstrap http://qdrant-a-0.qdrant-headless-a:6335'));
  });

  it.each(['', 'join=', `join=${own}`, 'join=file:///etc/passwd', 'reinit=1', 'bootstrapped', ' bootstrap '])(
    'does not take %j for one',
    async (grant) => {
      put('grant', grant);
      const { child, output } = runInBackground();
      await until('it waits', () => output().includes(waiting));
      expect(child.exitCode).toBeNull();
      expect(output()).not.toContain('--uri');
    },
  );

  it('ends at once when its pod is deleted', async () => {
    const { child, output } = runInBackground();
    await until('it waits', () => output().includes(waiting));
    const closed = once(child, 'close');
    const askedMs = performance.now();
    child.kill('SIGTERM');
    expect((await closed)[0]).toBe(143);
    expect(performance.now() - askedMs).toBeLessThan(2_000);
  });
});
