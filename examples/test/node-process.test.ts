import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeProcess, portIsFree } from '../src/node-process.js';

const host = '127.0.0.1';
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'node-process-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, () => resolve()));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

async function start(program: string): Promise<NodeProcess> {
  const entry = join(folder, 'entry.mjs');
  writeFileSync(entry, program);
  return NodeProcess.start({
    entry,
    directory: folder,
    host,
    httpPort: await freePort(),
    grpcPort: 1,
    settings: { QDRANT__LOG_LEVEL: 'WARN' },
    logFile: join(folder, 'node.log'),
  });
}

describe('NodeProcess', () => {
  it('waits until the node is ready, and stops it cleanly', async () => {
    const node = await start(`
      import { createServer } from 'node:http';
      const { QDRANT__SERVICE__HOST: host, QDRANT__SERVICE__HTTP_PORT: port } = process.env;
      let asked = 0;
      const server = createServer((request, answer) => answer.writeHead(++asked < 3 ? 503 : 200).end());
      process.on('SIGTERM', () => process.exit(0));
      server.listen(Number(port), host);
    `);
    await node.ready(20_000);
    expect(node.pid).toBeGreaterThan(0);
    expect(await node.stop()).toEqual({ code: 0, signal: null });
  });

  it('reports the end of the log of a node that ends before it is ready', async () => {
    const node = await start("console.error('the disk is full'); process.exitCode = 3;");
    await expect(node.ready(20_000)).rejects.toThrow(/the node exited; its log ends:\nthe disk is full/);
    expect(await node.exited).toEqual({ code: 3, signal: null });
  });

  it('gives up when the time is over', async () => {
    const node = await start('setInterval(() => undefined, 1000);');
    await expect(node.ready(200)).rejects.toThrow('did not become ready');
    expect((await node.stop()).signal).toBe('SIGTERM');
  });
});

describe('portIsFree', () => {
  it('sees a listener', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, host, () => resolve()));
    const { port } = server.address() as AddressInfo;
    expect(await portIsFree(host, port)).toBe(false);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    expect(await portIsFree(host, port)).toBe(true);
  });
});
