import { connect, type Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { RestServer } from '../../src/api/rest/rest-server.js';
import { result, type RestRequest, type Route } from '../../src/api/rest/request.js';
import { Authenticator } from '../../src/auth/authenticator.js';
import { ServiceError } from '../../src/errors.js';
import type { NodeServices } from '../../src/service/node-services.js';
import { environmentTree } from '../../src/settings/environment.js';
import { settingsSchema } from '../../src/settings/settings.js';
import { Readiness } from '../../src/telemetry/readiness.js';
import { RequestMetrics } from '../../src/telemetry/request-metrics.js';
import { errorText, restCaller } from '../harness/rest.js';

const large = 'x'.repeat(20_000);

function echo(request: RestRequest) {
  return result({
    params: request.params,
    query: [...request.query],
    bytes: request.body.length,
    rights: request.access.rights,
  });
}

const routes: readonly Route[] = [
  { method: 'GET', pattern: '/open', open: true, handler: () => result('open') },
  { method: 'GET', pattern: '/large', handler: () => result(large) },
  { method: 'GET', pattern: '/things/{id}', handler: echo },
  { method: 'POST', pattern: '/things/{id}', handler: echo },
  { method: 'POST', pattern: '/collections/{name}/points/search', handler: echo },
  { method: 'GET', pattern: '/fails/{kind}', handler: fail },
];

function fail({ params }: RestRequest): never {
  switch (params['kind']) {
    case 'limited':
      throw new ServiceError('rate-limited', 'Slow down', { retryAfterSec: 1.2 });
    case 'missing':
      throw new ServiceError('not-found', 'nothing');
    default:
      throw new TypeError('a mistake in the program');
  }
}

interface Fixture {
  readonly server: RestServer;
  readonly registry: Registry;
  readonly readiness: Readiness;
}

const running: RestServer[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop(0)));
});

async function start(settings: Record<string, string> = {}, extra: readonly Route[] = []): Promise<Fixture> {
  const tree = environmentTree({
    QDRANT__SERVICE__HOST: '127.0.0.1',
    QDRANT__SERVICE__HTTP_PORT: '0',
    QDRANT__SERVICE__MAX_REQUEST_SIZE_MB: '1',
    ...settings,
  });
  const parsed = settingsSchema.parse(tree);
  const registry = new Registry();
  const readiness = new Readiness();
  readiness.becomeReady();
  const services = {
    settings: parsed,
    readiness,
    metrics: new RequestMetrics(registry, ''),
    logger: pino({ level: 'silent' }),
    authenticator: new Authenticator({
      apiKey: parsed.service.api_key,
      altApiKey: null,
      readOnlyApiKey: parsed.service.read_only_api_key,
    }),
  };
  // Only the routes use the rest of the services, and these routes use none of it.
  const server = await RestServer.start(services as unknown as NodeServices, [...extra, ...routes], null);
  running.push(server);
  return { server, registry, readiness };
}

const url = ({ server }: Fixture) => `http://127.0.0.1:${server.port}`;

describe('routing', () => {
  it.each([
    ['GET', '/things/a', 200],
    ['GET', '/things/a/', 200],
    ['HEAD', '/things/a', 200],
    ['GET', '/things/a%2Fb', 200],
    ['GET', '/things', 404],
    ['GET', '/Things/a', 404],
    ['GET', '/nothing', 404],
    ['DELETE', '/things/a', 405],
    ['GET', '/collections/c/points/search', 405],
    ['POST', '/collections/c/points/search', 200],
    ['POST', '/collections/c/points/search/', 200],
    ['POST', '/collections/%zz/points/search', 400],
    ['GET', '/things/%zz', 400],
  ])('%s %s is %i', async (method, path, status) => {
    const reply = await restCaller(url(await start()))(method, path);
    expect(reply.status).toBe(status);
    if (status >= 400) expect(errorText(reply)).not.toBe('');
    if (status === 405) expect(reply.headers.get('allow')).not.toBeNull();
  });

  it('decodes the parts of hot and other paths alike', async () => {
    const call = restCaller(url(await start()));
    const other = await call('GET', '/things/gr%C3%B6%C3%9Fe%20x?a=1&b=%20');
    expect(other.json.result).toMatchObject({
      params: { id: 'größe x' },
      query: [
        ['a', '1'],
        ['b', ' '],
      ],
    });
    const hot = await call('POST', '/collections/gr%C3%B6%C3%9Fe/points/search?a=1', '{}');
    expect(hot.json.result).toMatchObject({ params: { name: 'größe' }, query: [['a', '1']], bytes: 2 });
  });

  it('answers with the envelope and the time', async () => {
    const { json, headers } = await restCaller(url(await start()))('GET', '/open');
    expect(json).toEqual({ result: 'open', status: 'ok', time: expect.any(Number) as number });
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('etag')).toBeNull();
  });
});

describe('errors', () => {
  it('carry the status, the words and the wait', async () => {
    const call = restCaller(url(await start()));
    const limited = await call('GET', '/fails/limited');
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '2']);
    const missing = await call('GET', '/fails/missing');
    expect([missing.status, errorText(missing)]).toEqual([404, 'Not found: nothing']);
    const broken = await call('GET', '/fails/other');
    expect([broken.status, errorText(broken)]).toEqual([500, 'Service internal error: a mistake in the program']);
  });
});

describe('bodies', () => {
  it('of the largest size are taken, larger ones are not', async () => {
    const call = restCaller(url(await start()));
    expect((await call('POST', '/things/a', 'x'.repeat(1024 * 1024))).status).toBe(200);
    const refused = await call('POST', '/things/a', 'x'.repeat(1024 * 1024 + 1));
    expect(refused.status).toBe(413);
    expect(errorText(refused)).toContain('1048577 bytes');
  });

  it('without a length are cut off at the largest size', async () => {
    const fixture = await start();
    const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
    const reply = await exchange(fixture, [
      'POST /things/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n',
      ...Array.from({ length: 40 }, () => chunk),
    ]);
    expect(reply).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('that end too early leave the server serving', async () => {
    const fixture = await start();
    const socket = await open(fixture);
    socket.write('POST /things/a HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this');
    socket.end();
    await new Promise((resolve) => socket.on('close', resolve).resume());
    expect((await restCaller(url(fixture))('GET', '/open')).status).toBe(200);
  });

  it('with an encoding are refused', async () => {
    const reply = await restCaller(url(await start()))('POST', '/things/a', 'x', { 'content-encoding': 'gzip' });
    expect(reply.status).toBe(400);
    expect(errorText(reply)).toContain('gzip');
  });

  it('of any content type are taken', async () => {
    const call = restCaller(url(await start()));
    expect((await call('POST', '/things/a', '{}', { 'content-type': 'text/plain' })).status).toBe(200);
  });
});

describe('what is no HTTP', () => {
  it.each([
    'nonsense\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    '\0\0\0\0\r\n\r\n',
  ])('gets a 4xx and the server lives (%#)', async (text) => {
    const fixture = await start();
    expect(await exchange(fixture, [text])).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect((await restCaller(url(fixture))('GET', '/open')).status).toBe(200);
  });
});

describe('keys', () => {
  const settings = { QDRANT__SERVICE__API_KEY: 'full', QDRANT__SERVICE__READ_ONLY_API_KEY: 'look' };

  it.each([
    ['/open', {}, 200],
    ['/things/a', {}, 401],
    ['/things/a', { 'api-key': 'wrong' }, 401],
    ['/things/a', { 'api-key': 'full' }, 200],
    ['/things/a', { authorization: 'Bearer look' }, 200],
    ['/nothing', {}, 401],
    ['/nothing', { 'api-key': 'look' }, 404],
    ['/things/%zz', {}, 401],
  ])('%s with %j is %i', async (path, headers, status) => {
    expect((await restCaller(url(await start(settings)))('GET', path, undefined, headers)).status).toBe(status);
  });

  it('are looked at before the body is read', async () => {
    const reply = await restCaller(url(await start(settings)))('POST', '/things/a', 'x'.repeat(2 * 1024 * 1024));
    expect(reply.status).toBe(401);
  });
});

describe('cross-origin requests', () => {
  it('are allowed, preflights without a key', async () => {
    const fixture = await start({ QDRANT__SERVICE__API_KEY: 'full' });
    const preflight = await fetch(`${url(fixture)}/things/a`, {
      method: 'OPTIONS',
      headers: {
        origin: 'http://page',
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'api-key',
      },
    });
    expect(preflight.status).toBe(200);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-headers')).toBe('api-key');
    const refused = await fetch(`${url(fixture)}/things/a`, { headers: { origin: 'http://page' } });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, '*']);
  });

  it('can be switched off', async () => {
    const fixture = await start({ QDRANT__SERVICE__ENABLE_CORS: 'false' });
    const reply = await fetch(`${url(fixture)}/open`, { headers: { origin: 'http://page' } });
    expect(reply.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('compression', () => {
  it.each([
    ['gzip', true],
    ['deflate, gzip;q=0.5', true],
    ['gzip;q=0', false],
    ['identity', false],
  ])('of a large answer to %j', async (accepted, expected) => {
    const fixture = await start();
    const reply = await exchange(fixture, [
      `GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: ${accepted}\r\n\r\n`,
    ]);
    expect(/content-encoding: gzip/i.test(reply)).toBe(expected);
    const body = Buffer.from(reply.slice(reply.indexOf('\r\n\r\n') + 4), 'latin1');
    const content = expected ? gunzipSync(body) : body;
    expect((JSON.parse(content.toString('utf8')) as { result: string }).result).toBe(large);
  });

  it('leaves small answers alone', async () => {
    const fixture = await start();
    const reply = await exchange(fixture, [
      'GET /open HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n',
    ]);
    expect(reply).not.toMatch(/content-encoding/i);
  });
});

describe('stopping', () => {
  it('finishes requests under way', async () => {
    let release: (() => void) | undefined;
    const entered = new Promise<void>((resolveEntered) => {
      const slow: Route = {
        method: 'GET',
        pattern: '/slow',
        handler: async () => {
          await new Promise<void>((resolve) => {
            release = resolve;
            resolveEntered();
          });
          return result('done');
        },
      };
      void start({}, [slow]).then((fixture) => {
        reply = restCaller(url(fixture))('GET', '/slow');
        started = fixture;
      });
    });
    let reply: ReturnType<ReturnType<typeof restCaller>> | undefined;
    let started: Fixture | undefined;
    await entered;
    const stopped = started?.server.stop(10_000);
    release?.();
    expect((await reply)?.json.result).toBe('done');
    await stopped;
    running.splice(0);
  });

  it('cuts what takes longer than it is given', async () => {
    const never: Route = { method: 'GET', pattern: '/never', handler: () => new Promise(() => undefined) };
    const fixture = await start({}, [never]);
    const reply = restCaller(url(fixture))('GET', '/never').catch((error: unknown) => error);
    // The connection is there when the server counts it; an answered request proves that it looks.
    await restCaller(url(fixture))('GET', '/open');
    await fixture.server.stop(50);
    running.splice(0);
    expect(await reply).toBeInstanceOf(TypeError);
  });
});

describe('metrics', () => {
  it('count by the pattern of the route, never by its path', async () => {
    const fixture = await start();
    const call = restCaller(url(fixture));
    await call('GET', '/things/secret-name');
    await call('GET', '/nothing/secret-name');
    const text = await fixture.registry.metrics();
    expect(text).toContain('rest_responses_total{method="GET",endpoint="/things/{id}",status="200"} 1');
    expect(text).toContain('endpoint="unknown",status="404"');
    expect(text).not.toContain('secret-name');
  });
});

function open({ server }: Fixture): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => resolve(socket));
    socket.on('error', reject);
  });
}

/** Sends pieces over one connection and returns all that comes back until it closes, as latin1. */
async function exchange(fixture: Fixture, pieces: readonly string[]): Promise<string> {
  const socket = await open(fixture);
  let received = '';
  const closed = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    socket.on('close', () => resolve());
    // A server that refuses a body closes while the rest is on its way.
    socket.on('error', () => undefined);
  });
  for (const piece of pieces) if (socket.writable) socket.write(piece);
  await closed;
  return received;
}
