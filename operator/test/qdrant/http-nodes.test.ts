import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HttpNodes } from '../../src/qdrant/http-nodes.js';
import type { NodeEndpoint, QdrantNode } from '../../src/qdrant/qdrant-api.js';

/** Beyond 2^53, and rounded to ...000 by whoever takes it for a double. */
const big = '9123372036854000123';

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let servers: { close(): void }[];
let asked: Asked[];
let nodes: HttpNodes;
let nowMs: number;
/** By method and path; a function may do what it likes with the answer. */
let answers: Map<string, string | ((response: ServerResponse) => void)>;

beforeEach(() => {
  servers = [];
  asked = [];
  nowMs = 0;
  answers = new Map();
  nodes = new HttpNodes(() => nowMs);
});

afterEach(() => {
  nodes.close();
  for (const server of servers) server.close();
});

const answering: RequestListener = (request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
  request.on('end', () => {
    const { method = '', url = '', headers } = request;
    asked.push({ method, url, headers, body });
    const answer = answers.get(`${method} ${url}`);
    if (typeof answer === 'function') answer(response);
    else if (answer === undefined) response.writeHead(404).end('{"status":{"error":"Not found: nothing here"}}');
    else response.end(answer);
  });
};

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

async function node(options: Partial<NodeEndpoint> = {}, signal?: AbortSignal): Promise<QdrantNode> {
  const port = options.port ?? (await portOf(createServer(answering)));
  const endpoint = { pod: 'qdrant-a-0', podUid: 'u', ip: '127.0.0.1', serverName: 'qdrant-a-0.h.ns.svc', port };
  return nodes.at({ ...endpoint, tls: null, apiKey: null, ...options }, signal);
}

const ok = (result: string): string => `{"result":${result},"status":"ok","time":0.001}`;
const status = (code: number, body: string) => (response: ServerResponse) => void response.writeHead(code).end(body);

describe('what a node answers', () => {
  test('about the cluster keeps ids beyond 2^53, and addresses lose their slash', async () => {
    answers.set(
      'GET /cluster',
      ok(`{
        "status": "enabled", "peer_id": ${big},
        "peers": {"${big}": {"uri": "http://a-0.h:6335/"}, "12": {"uri": "http://a-1.h:6335"}},
        "raft_info": {"term": 3, "commit": 77, "pending_operations": 0, "leader": ${big}, "role": "Leader", "is_voter": true},
        "consensus_thread_status": {"consensus_thread_status": "working", "last_update": "2026-01-01T00:00:00Z"},
        "message_send_failures": {"http://a-1.h:6335/": {"count": 2, "latest_error": "x"}}
      }`),
    );
    expect(await (await node()).cluster()).toEqual({
      peerId: big,
      peers: new Map([
        ['12', 'http://a-1.h:6335'],
        [big, 'http://a-0.h:6335'],
      ]),
      raft: { term: 3, commit: 77, pendingOperations: 0, leader: big, isVoter: true, consensusWorks: true },
      sendFailures: new Set(['http://a-1.h:6335']),
    });
  });

  test.each(['stopped', 'stopped_with_err', 'something new'])('consensus that is %s does not work', async (word) => {
    answers.set(
      'GET /cluster',
      ok(`{"status":"enabled","peer_id":1,"peers":{},"raft_info":{"term":0,"commit":0,"pending_operations":0,
        "leader":null,"is_voter":false},"consensus_thread_status":{"consensus_thread_status":"${word}","err":"e"},
        "message_send_failures":{}}`),
    );
    expect((await (await node()).cluster())?.raft).toMatchObject({ leader: null, consensusWorks: false });
  });

  test('without a cluster is null', async () => {
    answers.set('GET /cluster', ok('{"status":"disabled"}'));
    expect(await (await node()).cluster()).toBeNull();
  });

  test('about a collection has local and remote replicas, transfers, and the factor', async () => {
    answers.set(
      'GET /collections/my%20docs/cluster',
      ok(`{"peer_id": ${big}, "shard_count": 2,
        "local_shards": [{"shard_id": 0, "shard_key": "x", "points_count": 5, "state": "Active"}],
        "remote_shards": [{"shard_id": 1, "shard_key": 7, "peer_id": 2, "state": "Partial"}],
        "shard_transfers": [{"shard_id": 1, "from": ${big}, "to": 2, "sync": false, "comment": "Transferring records (1/2)"}],
        "resharding_operations": [{}]}`),
    );
    answers.set('GET /collections/my%20docs', ok('{"config":{"params":{"replication_factor":3,"vectors":{}}}}'));
    expect(await (await node()).collection('my docs')).toEqual({
      name: 'my docs',
      replicationFactor: 3,
      replicas: [
        { shard: 0, shardKey: 'x', peer: big, state: 'Active', points: 5 },
        { shard: 1, shardKey: '7', peer: '2', state: 'Partial', points: null },
      ],
      transfers: [{ shard: 1, from: big, to: '2', sync: false, comment: 'Transferring records (1/2)' }],
      resharding: true,
    });
  });

  test('about readiness, version and collections', async () => {
    answers.set('GET /readyz', 'all shards are ready');
    answers.set('GET /', '{"title":"qdrant - vector search engine","version":"1.19.0"}');
    answers.set('GET /collections', ok('{"collections":[{"name":"b"},{"name":"a"}]}'));
    const asking = await node();
    expect(await asking.ready()).toBe(true);
    answers.set('GET /readyz', status(503, 'some shards are not ready'));
    expect(await asking.ready()).toBe(false);
    expect(await asking.version()).toBe('1.19.0');
    expect(await asking.collections()).toEqual(['a', 'b']);
    expect(await asking.collection('gone')).toBeNull();
  });
});

test('the factor is read again after a minute, or when a replica came or went', async () => {
  const placement = (shards: string): string =>
    ok(`{"peer_id":1,"shard_count":1,"local_shards":[${shards}],"remote_shards":[],"shard_transfers":[]}`);
  const one = '{"shard_id":0,"points_count":0,"state":"Active"}';
  const info = (factor: number): string => ok(`{"config":{"params":{"replication_factor":${factor}}}}`);
  answers.set('GET /collections/docs/cluster', placement(one));
  answers.set('GET /collections/docs', info(1));
  const asking = await node();
  const factor = async (): Promise<number | undefined> => (await asking.collection('docs'))?.replicationFactor;
  expect(await factor()).toBe(1);
  answers.set('GET /collections/docs', info(2));
  nowMs += 59_000;
  expect(await factor()).toBe(1);
  nowMs += 2_000;
  expect(await factor()).toBe(2);
  answers.set('GET /collections/docs', info(3));
  answers.set('GET /collections/docs/cluster', placement(one.replace('Active', 'Dead')));
  expect(await factor()).toBe(2);
  answers.set('GET /collections/docs/cluster', placement(`${one},{"shard_id":1,"points_count":0,"state":"Active"}`));
  expect(await factor()).toBe(3);
  expect(asked.filter(({ url }) => url === '/collections/docs')).toHaveLength(3);
});

describe('what is asked of a node', () => {
  test('are changes with ids as digits, whatever their size, and a time limit of the node’s own', async () => {
    for (const path of ['POST /collections/a%2Fb/cluster?timeout=10', `DELETE /cluster/peer/${big}?timeout=10`])
      answers.set(path, ok('true'));
    answers.set(`DELETE /cluster/peer/${big}?timeout=10&force=true`, ok('true'));
    const asking = await node({ apiKey: 'secret' });
    const way = { collection: 'a/b', shard: 3, from: big, to: '2' };
    await asking.moveShard(way);
    await asking.replicateShard(way);
    await asking.abortTransfer(way);
    await asking.dropReplica({ collection: 'a/b', shard: 3, peer: big });
    await asking.removePeer(big, { force: false });
    await asking.removePeer(big, { force: true });
    const ids = `{"shard_id":3,"from_peer_id":${big},"to_peer_id":2}`;
    expect(asked.map(({ body }) => body)).toEqual([
      `{"move_shard":${ids}}`,
      `{"replicate_shard":${ids}}`,
      `{"abort_transfer":${ids}}`,
      `{"drop_replica":{"shard_id":3,"peer_id":${big}}}`,
      '',
      '',
    ]);
    for (const { headers } of asked) {
      expect(headers).toMatchObject({ 'api-key': 'secret', host: 'qdrant-a-0.h.ns.svc' });
    }
  });

  test('never has a peer in it that is none', async () => {
    const asking = await node();
    for (const peer of ['', '../x', '1?force=true', '1'.repeat(30)]) {
      await expect(asking.removePeer(peer, { force: false })).rejects.toMatchObject({ kind: 'malformed' });
      const drop = asking.dropReplica({ collection: 'docs', shard: 0, peer });
      await expect(drop).rejects.toMatchObject({ kind: 'malformed' });
    }
    expect(asked).toEqual([]);
  });

  test('goes over connections that are kept', async () => {
    const server = createServer(answering);
    let connections = 0;
    server.on('connection', () => (connections += 1));
    answers.set('GET /readyz', 'ok');
    const asking = await node({ port: await portOf(server) });
    for (let i = 0; i < 5; i += 1) await asking.ready();
    expect(connections).toBe(1);
  });
});

describe('a failure', () => {
  test.each([
    [400, 'refused'],
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [404, 'refused'],
    [408, 'timeout'],
    [422, 'refused'],
    [429, 'refused'],
    [500, 'failed'],
    [503, 'failed'],
    [302, 'malformed'],
  ])('with status %i is %s, in the node’s words', async (code, kind) => {
    answers.set(
      'DELETE /cluster/peer/5?timeout=10',
      status(code, '{"status":{"error":"Bad request:\\nthere are shards on it"}}'),
    );
    const failing = (await node()).removePeer('5', { force: false });
    await expect(failing).rejects.toMatchObject({
      kind,
      message: expect.stringContaining(code === 302 ? '302' : 'Bad request: there are shards on it') as string,
    });
  });

  test.each([
    ['no JSON', '<html>'],
    ['nothing', ''],
    ['a list', '[]'],
    ['no result', '{"status":"ok"}'],
    [
      'an unknown state',
      ok('{"peer_id":1,"local_shards":[{"shard_id":0,"state":"Odd"}],"remote_shards":[],"shard_transfers":[]}'),
    ],
    ['an id below zero', ok('{"peer_id":-1,"local_shards":[],"remote_shards":[],"shard_transfers":[]}')],
    ['a broken id', ok('{"peer_id":1.5,"local_shards":[],"remote_shards":[],"shard_transfers":[]}')],
    [
      'an id without end',
      ok(`{"peer_id":${'9'.repeat(400)},"local_shards":[],"remote_shards":[],"shard_transfers":[]}`),
    ],
    [
      'the same key twice',
      ok(`{"peer_id":${big},"peer_id":${big},"local_shards":[],"remote_shards":[],"shard_transfers":[]}`).replace(
        big,
        '5000000000000000000',
      ),
    ],
    ['depth', '['.repeat(2_000_000)],
    ['depth and a long number', `${big.padStart(25, '1')}${'['.repeat(100_000)}`],
  ])('of an answer with %s is malformed', async (_name, answer) => {
    answers.set('GET /collections/docs/cluster', answer);
    await expect((await node()).collection('docs')).rejects.toMatchObject({ kind: 'malformed' });
  });

  test.each(['', '.', '..', 'x'.repeat(256)])('is a collection called %j', async (name) => {
    answers.set('GET /collections', ok(JSON.stringify({ collections: [{ name }] })));
    await expect((await node()).collections()).rejects.toMatchObject({ kind: 'malformed' });
  });

  test('of an answer without end is malformed, and does not fill the memory', async () => {
    answers.set('GET /collections', (response) => {
      const chunk = Buffer.alloc(1024 * 1024, 'x');
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    await expect((await node()).collections()).rejects.toMatchObject({
      kind: 'malformed',
      message: expect.stringContaining('more than') as string,
    });
  });

  test('of a connection is unreachable: none, one that closes, one that breaks in an answer', async () => {
    const free = createServer();
    const port = await portOf(free);
    free.close();
    await once(free, 'close');
    await expect((await node({ port })).cluster()).rejects.toMatchObject({ kind: 'unreachable' });
    answers.set('GET /cluster', (response) => void response.socket?.destroy());
    await expect((await node()).cluster()).rejects.toMatchObject({ kind: 'unreachable' });
    answers.set('GET /cluster', (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => void response.socket?.destroy());
    });
    await expect((await node()).cluster()).rejects.toMatchObject({ kind: 'unreachable' });
  });

  test('of a node that never answers comes after three seconds, or when nobody waits any longer', async () => {
    answers.set('GET /cluster', () => undefined);
    const begunMs = performance.now();
    const end = new AbortController();
    const aborted = expect((await node({}, end.signal)).cluster()).rejects.toMatchObject({ kind: 'timeout' });
    const late = expect((await node()).cluster()).rejects.toMatchObject({ kind: 'timeout' });
    end.abort();
    await aborted;
    expect(performance.now() - begunMs).toBeLessThan(2_500);
    await late;
    expect(performance.now() - begunMs).toBeGreaterThan(2_900);
    await expect((await node({}, end.signal)).cluster()).rejects.toMatchObject({ kind: 'timeout' });
  });

  test('never has the key in its message', async () => {
    answers.set('GET /cluster', status(401, 'Must provide an API key or an Authorization bearer token'));
    const failing = (await node({ apiKey: 'very-secret' })).cluster();
    await expect(failing).rejects.toMatchObject({ kind: 'unauthorized' });
    await failing.catch((error: unknown) => expect(JSON.stringify(error) + String(error)).not.toContain('very-secret'));
  });
});

describe('over TLS', () => {
  const folder = join(import.meta.dirname, '../../../node/test/harness/tls');
  const pem = (name: string): string => readFileSync(join(folder, `${name}.pem`), 'utf8');
  const serve = async (): Promise<number> =>
    portOf(createTlsServer({ cert: pem('first.cert'), key: pem('first.key') }, answering));

  test('a node is believed that has the name and a certificate of the authority', async () => {
    answers.set('GET /readyz', 'ok');
    const port = await serve();
    const tls = { ca: pem('first.cert') };
    expect(await (await node({ port, tls, serverName: 'localhost' })).ready()).toBe(true);
    const otherName = (await node({ port, tls, serverName: 'qdrant-a-0.h.ns.svc' })).ready();
    await expect(otherName).rejects.toMatchObject({ kind: 'untrusted' });
    const otherAuthority = (await node({ port, tls: { ca: pem('second.cert') }, serverName: 'localhost' })).ready();
    await expect(otherAuthority).rejects.toMatchObject({ kind: 'untrusted' });
    const nobody = (await node({ port, tls: { ca: null }, serverName: 'localhost' })).ready();
    await expect(nobody).rejects.toMatchObject({ kind: 'untrusted' });
    expect(asked).toHaveLength(1);
  });

  test('a connection that is never secured is none', async () => {
    const silent = createTcpServer((socket) => socket.on('error', () => undefined));
    servers.push(silent);
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const failing = (await node({ port, tls: { ca: null } })).ready();
    await expect(failing).rejects.toMatchObject({ kind: 'unreachable' });
  });
});
