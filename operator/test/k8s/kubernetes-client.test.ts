import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../src/clock.js';
import { Credentials } from '../../src/k8s/credentials.js';
import type { ResourceTypes, WatchEvent } from '../../src/k8s/kubernetes-api.js';
import { KubernetesClient, type ClientOptions } from '../../src/k8s/kubernetes-client.js';
import { ObjectCache } from '../../src/k8s/object-cache.js';
import { Reflector } from '../../src/k8s/reflector.js';
import { systemClock } from '../../src/system-clock.js';
import { configMap, failure, sendJson, StubServer, type Answer } from './stub-server.js';

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const named = { namespace: 'test', name: 'a' };

async function serving(answer: Answer, options: Partial<ClientOptions> = {}): Promise<[StubServer, KubernetesClient]> {
  const stub = await StubServer.start(answer);
  const client = new KubernetesClient(new Credentials(() => stub.access(), systemClock), options);
  ends.push(() => stub.close());
  ends.push(() => client.close());
  return [stub, client];
}

async function watched(client: KubernetesClient): Promise<WatchEvent<ResourceTypes['ConfigMap']>[]> {
  const events: WatchEvent<ResourceTypes['ConfigMap']>[] = [];
  const options = { namespace: 'test', resourceVersion: '5', timeoutSeconds: 300 };
  for await (const event of client.watch('ConfigMap', options, new AbortController().signal)) events.push(event);
  return events;
}

describe('requests', () => {
  test('are made as the API has them', async () => {
    const [stub, client] = await serving(({ path }, response) =>
      sendJson(
        response,
        path.includes('qdrantclusters') ? { ...configMap('a'), kind: 'QdrantCluster' } : configMap('a'),
      ),
    );
    const manifest = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' }, data: { x: 'y' } } as const;
    await client.apply(manifest, 'test');
    await client.applyStatus(named, { phase: 'Healthy' }, { resourceVersion: '6' });
    await client.patchMetadata('ConfigMap', named, { labels: { x: null } }, { uid: 'u' });
    await client.delete('ConfigMap', named, { uid: 'u', resourceVersion: '6' });
    expect(
      stub.asked.map(({ method, path, query, contentType }) => [method, `${path}?${query.toString()}`, contentType]),
    ).toEqual([
      [
        'PATCH',
        '/api/v1/namespaces/test/configmaps/a?fieldManager=qdrant-operator&force=true',
        'application/apply-patch+yaml',
      ],
      [
        'PATCH',
        '/apis/qdrantcluster.dev/v1/namespaces/test/qdrantclusters/a/status?fieldManager=qdrant-operator&force=true',
        'application/apply-patch+yaml',
      ],
      ['PATCH', '/api/v1/namespaces/test/configmaps/a?fieldManager=qdrant-operator', 'application/merge-patch+json'],
      ['DELETE', '/api/v1/namespaces/test/configmaps/a?', 'application/json'],
    ]);
    expect(stub.asked.map(({ body }): unknown => JSON.parse(body))).toEqual([
      manifest,
      {
        ...{ apiVersion: 'qdrantcluster.dev/v1', kind: 'QdrantCluster', metadata: { name: 'a', resourceVersion: '6' } },
        status: { phase: 'Healthy' },
      },
      { metadata: { uid: 'u', labels: { x: null } } },
      {
        ...{ kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' },
        preconditions: { uid: 'u', resourceVersion: '6' },
      },
    ]);
  });

  test('for names that are none are never sent', async () => {
    const [stub, client] = await serving((_, response) => sendJson(response, configMap('a')));
    for (const name of ['', '.', '..']) {
      await expect(client.get('ConfigMap', { namespace: 'test', name })).rejects.toMatchObject({ kind: 'invalid' });
    }
    await client.get('ConfigMap', { namespace: 'test', name: '../../secrets/a' });
    expect(stub.asked.map(({ path }) => path)).toEqual(['/api/v1/namespaces/test/configmaps/..%2F..%2Fsecrets%2Fa']);
  });

  test('that are refused tell why and how long to wait', async () => {
    const cases: [number, object, string, number | null][] = [
      [400, failure(400, 'BadRequest'), 'invalid', null],
      [401, failure(401, 'Unauthorized'), 'forbidden', null],
      [403, failure(403, 'Forbidden'), 'forbidden', null],
      [409, failure(409, 'Conflict'), 'conflict', null],
      [409, failure(409, 'AlreadyExists'), 'already-exists', null],
      [410, failure(410, 'Expired'), 'gone', null],
      [422, failure(422, 'Invalid', { causes: [{ field: 'spec.size' }] }), 'invalid', null],
      [422, failure(422, 'Invalid', { causes: [{ field: 'metadata.uid' }] }), 'conflict', null],
      [429, failure(429, 'TooManyRequests', { retryAfterSeconds: 3 }), 'too-many-requests', 3000],
      [503, failure(503, 'ServiceUnavailable', { retryAfterSeconds: 1e9 }), 'unavailable', 120_000],
      [302, {}, 'unavailable', null],
    ];
    for (const [code, body, kind, retryAfterMs] of cases) {
      const [, client] = await serving((_, response) => sendJson(response, body, code));
      await expect(client.create('ConfigMap', 'test', { metadata: { name: 'a' } })).rejects.toMatchObject({
        ...{ kind, retryAfterMs },
      });
    }
    const [, client] = await serving((_, response) => response.writeHead(429, { 'retry-after': '7' }).end('busy'));
    await expect(client.get('Pod', named)).rejects.toMatchObject({ kind: 'too-many-requests', retryAfterMs: 7000 });
  });

  test('that are answered with something else are errors, and no objects', async () => {
    const wrong = ['', '<html>a proxy</html>', '[]', 'null', '{}', '{"kind":"Pod","metadata":{"name":"a"}}'];
    const labels = JSON.stringify({
      ...configMap('a'),
      metadata: { name: 'a', uid: 'u', resourceVersion: '1', labels: { x: 1 } },
    });
    for (const body of [...wrong, labels, JSON.stringify({ ...configMap('a'), kind: 'Secret' })]) {
      const [, client] = await serving((_, response) => response.writeHead(200).end(body));
      await expect(client.get('ConfigMap', named)).rejects.toMatchObject({ kind: 'unavailable' });
    }
    const [, client] = await serving((_, response) => response.writeHead(200).end('{"metadata":{}}'));
    await expect(client.list('ConfigMap', {})).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('end in time when no answer comes, when it comes in a trickle, and when nobody listens', async () => {
    const [stub, client] = await serving(
      ({ path }, response) => {
        if (path.endsWith('/silent')) return;
        response.writeHead(200, { 'content-type': 'application/json' });
        const trickle = setInterval(() => response.write(' '), 10);
        response.on('close', () => clearInterval(trickle));
      },
      { timeoutMs: 150 },
    );
    for (const name of ['silent', 'slow']) {
      const startedMs = performance.now();
      const call = client.get('ConfigMap', { namespace: 'test', name });
      await expect(call).rejects.toMatchObject({ kind: 'unavailable', message: 'no answer within 150 ms' });
      expect(performance.now() - startedMs).toBeLessThan(5000);
    }
    await stub.close();
    await expect(client.get('ConfigMap', named)).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('end when their caller gives them up, with its reason', async () => {
    const abort = new AbortController();
    const [, client] = await serving(() => abort.abort(new Error('the operator stops')));
    await expect(client.get('ConfigMap', named, abort.signal)).rejects.toThrow('the operator stops');
    await expect(client.get('ConfigMap', named, abort.signal)).rejects.toThrow('the operator stops');
  });

  test('share connections', async () => {
    const ports = new Set<number | undefined>();
    const [, client] = await serving((_, response) => {
      ports.add(response.socket?.remotePort);
      sendJson(response, configMap('a'));
    });
    for (let i = 0; i < 5; i += 1) await client.get('ConfigMap', named);
    expect(ports.size).toBe(1);
  });
});

describe('lists', () => {
  test('are read in pages, all of one version', async () => {
    const [stub, client] = await serving(
      ({ query }, response) => {
        const page = Number(query.get('continue') ?? '1');
        const items = [{ ...configMap(`c${page}`), kind: undefined, apiVersion: undefined }];
        const metadata = { resourceVersion: '9', ...(page < 3 ? { continue: String(page + 1) } : {}) };
        sendJson(response, { kind: 'ConfigMapList', metadata, items });
      },
      { pageSize: 1 },
    );
    const list = await client.list('ConfigMap', { namespace: 'test', labelSelector: 'a=b' });
    expect(list.resourceVersion).toBe('9');
    expect(list.items.map(({ kind, metadata }) => `${kind} ${metadata?.name}`)).toEqual([
      'ConfigMap c1',
      'ConfigMap c2',
      'ConfigMap c3',
    ]);
    expect(stub.asked.map(({ query }) => query.toString())).toEqual([
      'labelSelector=a%3Db&limit=1',
      'labelSelector=a%3Db&limit=1&continue=2',
      'labelSelector=a%3Db&limit=1&continue=3',
    ]);
  });

  test('whose pages expire begin again, and in the end are read in one piece', async () => {
    const [stub, client] = await serving(({ query }, response) => {
      if (query.has('continue')) sendJson(response, failure(410, 'Expired'), 410);
      else if (query.has('limit'))
        sendJson(response, { metadata: { resourceVersion: '9', continue: 'x' }, items: [configMap('a')] });
      else sendJson(response, { metadata: { resourceVersion: '10' }, items: [configMap('a'), configMap('b')] });
    });
    const { items, resourceVersion } = await client.list('ConfigMap', {});
    expect([items.length, resourceVersion]).toEqual([2, '10']);
    expect(stub.asked).toHaveLength(7);
  });
});

describe('watches', () => {
  const line = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`;

  test('are read line by line, however the lines are cut, and bookmarks are asked for', async () => {
    const text =
      line('ADDED', configMap('größe')) +
      line('BOOKMARK', { kind: 'ConfigMap', metadata: { resourceVersion: '8' } }) +
      line('DELETED', configMap('b', '9'));
    const [stub, client] = await serving((_, response) => {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
      response.end();
    });
    const events = await watched(client);
    expect(
      events.map((event) =>
        event.kind === 'bookmark' ? event.resourceVersion : `${event.kind} ${event.object.metadata?.name}`,
      ),
    ).toEqual(['5', 'added größe', '8', 'deleted b']);
    expect(stub.asked[0]?.query.toString()).toBe(
      'watch=1&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=300',
    );
  });

  test('that break off, within a line or between two, are errors', async () => {
    for (const rest of ['{"type":"ADDED","obj', 'no json\n', '{"type":"SOMETHING","object":{}}\n']) {
      const [, client] = await serving((_, response) => response.end(line('ADDED', configMap('a')) + rest));
      await expect(watched(client)).rejects.toMatchObject({ kind: 'unavailable' });
    }
    const [, client] = await serving((_, response) => {
      response.write(line('ADDED', configMap('a')));
      setImmediate(() => response.destroy());
    });
    await expect(watched(client)).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('tell that a version is gone, by their status or by an event', async () => {
    const [, refused] = await serving((_, response) => sendJson(response, failure(410, 'Expired'), 410));
    await expect(watched(refused)).rejects.toMatchObject({ kind: 'gone' });
    const [, told] = await serving((_, response) => response.end(line('ERROR', failure(410, 'Expired'))));
    await expect(watched(told)).rejects.toMatchObject({ kind: 'gone' });
  });

  test('end quietly when they are given up, and close their connection', async () => {
    let closed = (): void => undefined;
    const isClosed = new Promise<void>((resolve) => (closed = resolve));
    const [, client] = await serving((_, response) => {
      response.writeHead(200).flushHeaders();
      response.on('close', () => closed());
    });
    const abort = new AbortController();
    const options = { resourceVersion: '5', timeoutSeconds: 300 };
    const kinds: string[] = [];
    for await (const event of client.watch('ConfigMap', options, abort.signal)) {
      kinds.push(event.kind);
      abort.abort();
    }
    await isClosed;
    expect(kinds).toEqual(['bookmark']);
  });

  test('of a reflector that go silent, even within a line, are opened anew where they were', async () => {
    const [stub, client] = await serving(({ query }, response, number) => {
      if (!query.has('watch')) {
        sendJson(response, { metadata: { resourceVersion: '5' }, items: [configMap('a', '4')] });
      } else if (number === 2) {
        response.write(`${line('ADDED', configMap('b', '6'))}{"type":"MODI`);
        const trickle = setInterval(() => response.write(' '), 5);
        response.on('close', () => clearInterval(trickle));
      } else {
        response.write(line('DELETED', configMap('a', '7')));
      }
    });
    const cache = new ObjectCache('ConfigMap', { onListenerError: (error) => expect.fail(String(error)) });
    const errors: unknown[] = [];
    const reflector = new Reflector({
      ...{ api: client, cache, clock: systemClock, random: () => 0, idleMs: 100 },
      onError: (error) => errors.push(error),
    });
    const abort = new AbortController();
    const deleted = new Promise<void>((resolve) =>
      cache.subscribe(({ after }) => {
        if (after === null) resolve();
      }),
    );
    const running = reflector.run(abort.signal);
    await deleted;
    abort.abort();
    await running;
    expect(cache.all().map(({ metadata }) => metadata?.name)).toEqual(['b']);
    expect(stub.asked.slice(1, 3).map(({ query }) => query.get('resourceVersion'))).toEqual(['5', '6']);
    expect(errors).toHaveLength(1);
  });
});

describe('credentials', () => {
  class HandClock implements Clock {
    atMs = 0;
    nowMs = (): number => this.atMs;
    monotonicMs = (): number => this.atMs;
    sleep = (): Promise<void> => Promise.resolve();
  }

  async function withToken(
    answer: Answer,
  ): Promise<{ stub: StubServer; client: KubernetesClient; clock: HandClock; file: string }> {
    const folder = mkdtempSync(join(tmpdir(), 'token-'));
    ends.push(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'token');
    writeFileSync(file, 'first');
    const stub = await StubServer.start(answer);
    ends.push(() => stub.close());
    const clock = new HandClock();
    const user = { authProvider: { name: 'tokenFile', config: { tokenFile: file } } };
    const client = new KubernetesClient(new Credentials(() => stub.access(user), clock));
    ends.push(() => client.close());
    return { stub, client, clock, file };
  }

  test('that are refused are read again, once', async () => {
    let valid = 'Bearer first';
    const { stub, client, file } = await withToken(({ authorization }, response) => {
      if (authorization === valid) sendJson(response, configMap('a'));
      else sendJson(response, failure(401, 'Unauthorized'), 401);
    });
    await client.get('ConfigMap', named);
    valid = 'Bearer second';
    writeFileSync(file, 'second');
    await client.get('ConfigMap', named);
    valid = 'Bearer third';
    await expect(client.get('ConfigMap', named)).rejects.toMatchObject({ kind: 'forbidden' });
    expect(stub.asked.map(({ authorization }) => authorization)).toEqual([
      'Bearer first',
      'Bearer first',
      'Bearer second',
      'Bearer second',
      'Bearer second',
    ]);
  });

  test('that cannot be read are an error, until they can be', async () => {
    const { client, file, clock } = await withToken((_, response) => sendJson(response, configMap('a')));
    rmSync(file);
    await expect(client.get('ConfigMap', named)).rejects.toMatchObject({ kind: 'unavailable' });
    writeFileSync(file, 'back');
    clock.atMs += 1000;
    expect((await client.get('ConfigMap', named))?.metadata?.name).toBe('a');
  });

  test('are used by nobody but the API server: a redirection is not followed', async () => {
    const { stub, client } = await withToken((_, response) =>
      response.writeHead(307, { location: '/elsewhere' }).end(),
    );
    await expect(client.get('ConfigMap', named)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(stub.asked).toHaveLength(1);
  });
});
