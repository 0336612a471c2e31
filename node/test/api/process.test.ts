import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { NodeProcess, type NodeProcessOptions } from '../harness/node-process.js';
import { restCaller } from '../harness/rest.js';

const started: NodeProcess[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((node) => node.remove()));
});

async function start(options: NodeProcessOptions = {}): Promise<NodeProcess> {
  const node = await NodeProcess.start(options);
  started.push(node);
  return node;
}

const plain = { vectors: { size: 2, distance: 'Dot' } };

async function fill(node: NodeProcess): Promise<void> {
  const call = restCaller(node.url);
  expect((await call('PUT', '/collections/c', plain)).status).toBe(200);
  const points = Array.from({ length: 50 }, (_, index) => ({ id: index, vector: [index, 1], payload: { n: index } }));
  expect((await call('PUT', '/collections/c/points?wait=true', { points })).status).toBe(200);
  expect(
    (await call('PUT', '/collections/c/index?wait=true', { field_name: 'n', field_schema: 'integer' })).status,
  ).toBe(200);
}

async function expectFilled(node: NodeProcess): Promise<void> {
  const call = restCaller(node.url);
  expect((await call('POST', '/collections/c/points/count', {})).json.result).toEqual({ count: 50 });
  const info = (await call('GET', '/collections/c')).json.result;
  expect(info).toMatchObject({ status: 'green', payload_schema: { n: { data_type: 'integer', points: 50 } } });
  const found = (await call('POST', '/collections/c/points/search', { vector: [1, 0], limit: 1 })).json.result;
  expect(found).toMatchObject([{ id: 49 }]);
}

describe('a start', () => {
  it('makes its folders and says when it has finished', async () => {
    const node = await start();
    expect(readdirSync(node.folder).sort()).toEqual(['.qdrant-initialized', 'snapshots', 'storage']);
    await expect(restCaller(node.url)('GET', '/readyz')).resolves.toMatchObject({
      status: 200,
      text: 'all shards are ready',
    });
  });

  it('says so in another file when the environment names one', async () => {
    const node = await start({ environment: { QDRANT_INIT_FILE_PATH: 'storage/.started' } });
    expect(readdirSync(node.folder).sort()).toEqual(['snapshots', 'storage']);
    expect(existsSync(join(node.folder, 'storage', '.started'))).toBe(true);
  });

  it('tells clients the version of the API', async () => {
    const { text } = await restCaller((await start()).url)('GET', '/');
    expect(JSON.parse(text)).toMatchObject({ title: expect.stringContaining('qdrant') as string, version: '1.19.0' });
  });

  it('names settings without effect in one warning', async () => {
    const node = await start({ files: { 'config/config.yaml': 'colour: red\ngpu:\n  indexing: true\n' } });
    const warnings = node.log.split('\n').filter((line) => line.includes('"level":40'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/colour.*gpu/);
  });

  it('takes its log level', async () => {
    expect((await NodeProcess.startFailing({ settings: { LOG_LEVEL: 'off', CLUSTER__ENABLED: 'true' } })).stdout).toBe(
      '',
    );
  });
});

describe('a start is refused with one sentence', () => {
  const table: readonly [string, NodeProcessOptions, RegExp][] = [
    ['for a first node without an address', { settings: { CLUSTER__ENABLED: 'true' } }, /--uri/],
    ['for an address that is none', { settings: { CLUSTER__ENABLED: 'true' }, args: ['--uri', 'node'] }, /--uri node/],
    ['for access tokens', { settings: { SERVICE__API_KEY: 'k', SERVICE__JWT_RBAC: 'true' } }, /jwt_rbac/],
    ['for a setting out of range', { settings: { SERVICE__HTTP_PORT: '99999' } }, /service\.http_port/],
    ['for a configuration that is no YAML', { files: { 'config/config.yaml': 'a: [' } }, /config\.yaml/],
    ['for a missing certificate', { settings: { SERVICE__ENABLE_TLS: 'true' } }, /certificate cannot be used/],
    ['for damaged metadata', { files: { 'storage/metadata.json': '{"format":1' } }, /metadata\.json cannot be used/],
    ['for metadata of a later version', { files: { 'storage/metadata.json': '{"format":7}' } }, /format 7/],
  ];
  it.each(table)('%s', async (_name, options, message) => {
    const failed = await NodeProcess.startFailing(options);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(message);
    expect(failed.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('for a flag that it does not know', async () => {
    const failed = await NodeProcess.startFailing({ args: ['--unknown'] });
    expect(failed.code).toBe(2);
    expect(failed.stderr).toContain('--unknown');
  });

  it('when another process has the storage', async () => {
    const node = await start();
    const failed = await NodeProcess.startFailing({ folder: node.folder });
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/in use by another process/);
    expect((await restCaller(node.url)('GET', '/readyz')).status).toBe(200);
  });

  it('when its port is taken, and leaves the storage free', async () => {
    const blocker = createServer();
    const port = await new Promise<number>((resolve) => {
      blocker.listen(0, '127.0.0.1', () => {
        const address = blocker.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const node = await start();
    await node.end();
    for (const name of ['SERVICE__HTTP_PORT', 'SERVICE__GRPC_PORT']) {
      const failed = await NodeProcess.startFailing({ folder: node.folder, settings: { [name]: String(port) } });
      expect(failed.code).toBe(1);
      expect(failed.stderr).toMatch(new RegExp(`cannot listen on 127.0.0.1:${port}`));
    }
    blocker.close();
    await start({ folder: node.folder });
  });
});

describe('help and version', () => {
  it.each([
    [['--help'], /Usage: qdrant/],
    [['-V'], /^qdrant 1\.19\.0$/m],
  ])('%j', async (args, words) => {
    const ended = await NodeProcess.startFailing({ args });
    expect([ended.code, ended.stdout]).toEqual([0, expect.stringMatching(words)]);
  });
});

describe('a stop', () => {
  it('saves everything and ends with 0', async () => {
    const node = await start();
    await fill(node);
    expect(await node.end('SIGTERM')).toEqual({ code: 0, signal: null });
    await expectFilled(await start({ folder: node.folder }));
  });

  it('by kill -9 loses nothing that was answered', async () => {
    const node = await start();
    await fill(node);
    await node.end('SIGKILL');
    await expectFilled(await start({ folder: node.folder }));
  });

  it('by Ctrl-C is the same', async () => {
    const node = await start();
    expect(await node.end('SIGINT')).toEqual({ code: 0, signal: null });
  });

  it('goes on serving for its delay while readyz already says no', async () => {
    const node = await start({ settings: { SERVICE__SHUTDOWN_DELAY_SEC: '600' } });
    await fill(node);
    const call = restCaller(node.url);
    node.signal('SIGTERM');
    await expect.poll(async () => (await call('GET', '/readyz')).status, { timeout: 10_000 }).toBe(503);
    expect((await call('GET', '/livez')).status).toBe(200);
    await expectFilled(node);
    expect((await call('PUT', '/collections/c/points?wait=true', { points: [{ id: 1, vector: [1, 1] }] })).status).toBe(
      200,
    );
    expect(node.alive).toBe(true);
    // The second signal does not wait.
    expect(await node.end('SIGTERM')).toEqual({ code: 143, signal: null });
  });

  it('finishes what is under way', async () => {
    const node = await start();
    await fill(node);
    const call = restCaller(node.url);
    const points = Array.from({ length: 2000 }, (_, index) => ({ id: index, vector: [index, 1] }));
    const writes = Array.from({ length: 8 }, () => call('PUT', '/collections/c/points?wait=true', { points }));
    await Promise.race(writes);
    const ended = node.end('SIGTERM');
    const replies = await Promise.allSettled(writes);
    expect((await ended).code).toBe(0);
    // Each was either answered, or never got in: no answer is a failure of the server.
    for (const reply of replies) if (reply.status === 'fulfilled') expect([200, 503]).toContain(reply.value.status);
  });
});

describe('dropped collections', () => {
  it('leave no folder behind', async () => {
    const node = await start();
    await fill(node);
    const call = restCaller(node.url);
    expect(readdirSync(join(node.folder, 'storage/collections'))).toEqual(['c']);
    const config = readFileSync(join(node.folder, 'storage/collections/c/config.json'), 'utf8');
    expect(JSON.parse(config)).toMatchObject({ format: 1, collection: 1, name: 'c' });
    await call('DELETE', '/collections/c');
    expect(readdirSync(join(node.folder, 'storage/collections'))).toEqual([]);
    expect(readdirSync(join(node.folder, 'storage/.deleted'))).toEqual([]);
  });

  it('are not there after a kill, whenever it comes', async () => {
    let node = await start();
    for (let round = 0; round < 3; round += 1) {
      await fill(node);
      const call = restCaller(node.url);
      const dropped = call('DELETE', '/collections/c').catch(() => null);
      if (round > 0) await dropped;
      await node.end('SIGKILL');
      const answer = await dropped;
      node = await start({ folder: node.folder });
      const { json } = await restCaller(node.url)('GET', '/collections/c/exists');
      if (answer !== null) expect(json.result).toEqual({ exists: false });
      expect(existsSync(join(node.folder, 'storage/collections/c'))).toBe((json.result as { exists: boolean }).exists);
      await restCaller(node.url)('DELETE', '/collections/c');
    }
  });
});

describe('a node with keys', () => {
  it('answers only the health paths and the banner without one, and lets a reader change nothing', async () => {
    const node = await start({ settings: { SERVICE__API_KEY: 'full', SERVICE__READ_ONLY_API_KEY: 'look' } });
    const call = restCaller(node.url);
    for (const path of ['/', '/healthz', '/livez', '/readyz']) expect((await call('GET', path)).status).toBe(200);
    for (const path of ['/collections', '/metrics', '/telemetry', '/cluster', '/unknown']) {
      expect((await call('GET', path)).status).toBe(401);
    }
    const full = restCaller(node.url, { 'api-key': 'full' });
    const reader = restCaller(node.url, { authorization: 'Bearer look' });
    expect((await full('PUT', '/collections/c', plain)).status).toBe(200);
    expect((await reader('GET', '/collections/c')).status).toBe(200);
    expect((await reader('POST', '/collections/c/points/scroll', {})).status).toBe(200);
    for (const [method, path, body] of [
      ['PUT', '/collections/d', plain],
      ['PATCH', '/collections/c', {}],
      ['DELETE', '/collections/c', undefined],
      ['PUT', '/collections/c/points', { points: [{ id: 1, vector: [1, 2] }] }],
      ['POST', '/collections/c/points/delete', { points: [1] }],
      ['POST', '/collections/c/points/batch', { operations: [] }],
      ['PUT', '/collections/c/index', { field_name: 'a', field_schema: 'keyword' }],
    ] as const) {
      expect((await reader(method, path, body)).status).toBe(403);
    }
  });
});

describe('metrics and telemetry', () => {
  it('show what the node holds', async () => {
    const node = await start();
    await fill(node);
    const call = restCaller(node.url);
    const metrics = (await call('GET', '/metrics')).text;
    for (const line of [
      'app_info{name="qdrant",version="1.19.0"} 1',
      'collections_total 1',
      'collections_vector_total 50',
      'collection_points{id="c"} 50',
      'rest_responses_total{method="PUT",endpoint="/collections/{name}/points",status="200"} 1',
    ]) {
      expect(metrics).toContain(line);
    }
    expect(metrics).toMatch(/event_loop_delay_seconds\{quantile="0\.99"\} \d/);
    const telemetry = (await call('GET', '/telemetry?details_level=10')).json.result;
    expect(telemetry).toMatchObject({
      app: { version: '1.19.0' },
      collections: { number_of_collections: 1, collections: [{ id: 'c', points: 50 }] },
      cluster: { enabled: false },
    });
    expect((await call('GET', '/telemetry?details_level=10&anonymize=true')).text).not.toContain('"id":"c"');
  });
});
