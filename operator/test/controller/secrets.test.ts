import { beforeEach, expect, test } from 'vitest';
import { Secrets } from '../../src/controller/secrets.js';
import { FakeApiServer } from '../world/fake-kubernetes/fake-api-server.js';
import { FakeKubernetes } from '../world/fake-kubernetes/fake-kubernetes.js';
import { VirtualClock } from '../world/virtual-clock.js';

let clock: VirtualClock;
let server: FakeApiServer;
let kubernetes: FakeKubernetes;

beforeEach(() => {
  clock = new VirtualClock();
  server = new FakeApiServer(clock);
  kubernetes = new FakeKubernetes(server);
});

function create(name: string, values: Record<string, string>): void {
  const data = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
  server.create('Secret', 'ns', { metadata: { name }, data });
}

test('a Secret is asked for once in ten minutes, whatever number of its keys is needed', async () => {
  create('keys', { full: 'geheim', read: 'nur lesen' });
  const secrets = new Secrets(kubernetes, clock);
  expect(await secrets.value('ns', { name: 'keys', key: 'full' })).toBe('geheim');
  expect(await secrets.value('ns', { name: 'keys', key: 'read' })).toBe('nur lesen');
  expect(await secrets.value('ns', { name: 'keys', key: 'other' })).toBeNull();
  await clock.run(599_000);
  await secrets.value('ns', { name: 'keys', key: 'full' });
  expect(kubernetes.calls).toHaveLength(1);
  server.update('Secret', { namespace: 'ns', name: 'keys' }, (secret) => {
    secret.data = { full: Buffer.from('new').toString('base64') };
  });
  await clock.run(2000);
  expect(await secrets.value('ns', { name: 'keys', key: 'full' })).toBe('new');
  expect(kubernetes.calls).toHaveLength(2);
});

test('one that a node does not accept is read again, but not for every question', async () => {
  create('keys', { full: 'old' });
  const secrets = new Secrets(kubernetes, clock);
  const key = { name: 'keys', key: 'full' };
  await secrets.value('ns', key);
  server.update('Secret', { namespace: 'ns', name: 'keys' }, (secret) => {
    secret.data = { full: Buffer.from('new').toString('base64') };
  });
  const refused = async (): Promise<string | null> => {
    secrets.doubt('ns', key);
    await clock.run(1000);
    return secrets.value('ns', key);
  };
  await clock.run(60_000);
  expect(await refused()).toBe('new');
  for (let times = 0; times < 59; times += 1) await refused();
  expect(kubernetes.calls).toHaveLength(7);
  await clock.run(60_000);
  await secrets.value('ns', key);
  expect(kubernetes.calls).toHaveLength(8);
  await clock.run(500_000);
  await secrets.value('ns', key);
  expect(kubernetes.calls).toHaveLength(8);
});

test('one that is missing is soon asked for again', async () => {
  const secrets = new Secrets(kubernetes, clock);
  expect(await secrets.value('ns', { name: 'keys', key: 'full' })).toBeNull();
  create('keys', { full: 'there' });
  await clock.run(5000);
  expect(await secrets.value('ns', { name: 'keys', key: 'full' })).toBe('there');
});

test('no more are kept than there is room for', async () => {
  const secrets = new Secrets(kubernetes, clock, { most: 2 });
  for (const name of ['a', 'b', 'c']) {
    create(name, { key: name });
    expect(await secrets.value('ns', { name, key: 'key' })).toBe(name);
  }
  await secrets.value('ns', { name: 'c', key: 'key' });
  expect(kubernetes.calls).toHaveLength(3);
  await secrets.value('ns', { name: 'a', key: 'key' });
  expect(kubernetes.calls).toHaveLength(4);
});
