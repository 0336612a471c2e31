/** Nodes that show each other certificates. Those of the harness are their own CAs. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PeerCertificates } from '../../src/peers/peer-certificates.js';
import type { ShardTarget } from '../../src/replica/remote-replicas.js';
import { SettingsError } from '../../src/settings/load-settings.js';
import { settingsSchema } from '../../src/settings/settings.js';
import { FakeCluster, FakePeer, type FakePeerOptions } from './fake-peer.js';
import { rejection, until } from './until.js';

const target: ShardTarget = { collection: 1, shard: 0, metadataIndex: 1 };
const harness = join(import.meta.dirname, '../harness/tls');

let folder: string;
let peers: FakePeer[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peers-tls-'));
  const names = ['first', 'second'];
  const certificates = await Promise.all(names.map((name) => readFile(join(harness, `${name}.cert.pem`), 'utf8')));
  await writeFile(join(folder, 'both.pem'), certificates.join('\n'));
});

afterEach(async () => {
  await Promise.all(peers.map((peer) => peer.stop()));
  peers = [];
  await rm(folder, { recursive: true });
});

function files(name: 'first' | 'second', ca: string): Record<string, unknown> {
  const cert = join(harness, `${name}.cert.pem`);
  return { cert, key: join(harness, `${name}.key.pem`), ca_cert: ca, cert_ttl: 0 };
}

async function start(cluster: FakeCluster, id: number, tls: Record<string, unknown> | null): Promise<FakePeer> {
  const options: FakePeerOptions = tls === null ? {} : { tls, p2p: { enable_tls: true }, scheme: 'https' };
  const peer = await FakePeer.start(cluster, id, options);
  peers.push(peer);
  return peer;
}

const count = (from: FakePeer, to: number): Promise<number> =>
  from.network.replicas.count(to, target, { filter: null, exact: true }, 5000);

describe('TLS between nodes', () => {
  it('lets those in whose certificate the CA signed, by either side', async () => {
    const cluster = new FakeCluster();
    const one = await start(cluster, 1, files('first', join(folder, 'both.pem')));
    const two = await start(cluster, 2, files('second', join(folder, 'both.pem')));
    expect(await count(one, 2)).toBe(0);
    expect(await count(two, 1)).toBe(0);
    let release: (points: number) => void = () => undefined;
    two.host.on('count', () => new Promise((resolve) => (release = resolve)));
    const underWay = count(one, 2);
    await until('the request', () => two.host.calls.length === 2);
    const stopped = two.stop(10_000);
    release(5);
    expect(await underWay).toBe(5);
    await stopped;
  });

  it('keeps out a node whose certificate is of another CA', async () => {
    const cluster = new FakeCluster();
    const strict = await start(cluster, 1, files('first', join(harness, 'first.cert.pem')));
    const stranger = await start(cluster, 2, files('second', join(folder, 'both.pem')));
    await rejection(count(stranger, 1));
    expect(((await rejection(count(strict, 2))) as Error).message).toMatch(/certificate/);
    expect([...strict.host.calls, ...stranger.host.calls]).toEqual([]);
  });

  it('keeps out a node without TLS, and does not speak to one', async () => {
    const cluster = new FakeCluster();
    const secure = await start(cluster, 1, files('first', join(folder, 'both.pem')));
    const open = await start(cluster, 2, null);
    await rejection(count(open, 1));
    await rejection(count(secure, 2));
    expect([...secure.host.calls, ...open.host.calls]).toEqual([]);
  });

  it('takes a renewed certificate without a restart', async () => {
    const cluster = new FakeCluster();
    const renewed = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    await copyFile(join(harness, 'first.cert.pem'), renewed.cert);
    await copyFile(join(harness, 'first.key.pem'), renewed.key);
    await start(cluster, 1, { ...renewed, ca_cert: join(folder, 'both.pem'), cert_ttl: 1 });
    const strict = await start(cluster, 2, files('second', join(harness, 'second.cert.pem')));
    await rejection(count(strict, 1));
    await copyFile(join(harness, 'second.key.pem'), renewed.key);
    await copyFile(join(harness, 'second.cert.pem'), renewed.cert);
    await until('the renewed certificate', () =>
      count(strict, 1).then(
        () => true,
        () => false,
      ),
    );
  });

  it('says before anything starts what is wrong with the files', () => {
    const settings = (tls: Record<string, unknown>): ReturnType<typeof settingsSchema.parse>['tls'] =>
      settingsSchema.parse({ tls }).tls;
    const good = files('first', join(folder, 'both.pem'));
    expect(() => new PeerCertificates(settings({ ...good, ca_cert: null }))).toThrow(/tls.ca_cert is needed/);
    expect(() => new PeerCertificates(settings({ ...good, key: join(harness, 'second.key.pem') }))).toThrow(
      SettingsError,
    );
    expect(() => new PeerCertificates(settings({ ...good, cert: join(folder, 'none.pem') }))).toThrow(/ENOENT/);
  });
});
