import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeProcess } from '../harness/node-process.js';

const pairs = join(import.meta.dirname, '../harness/tls');
const certificate = (name: string) => readFileSync(join(pairs, `${name}.cert.pem`));

let folder: string;
let node: NodeProcess | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vdb-tls-'));
  mkdirSync(join(folder, 'tls'));
  install('first');
});

afterEach(async () => {
  await node?.remove();
  node = null;
  rmSync(folder, { recursive: true, force: true });
});

/** Puts a pair where the settings look for it, each file at once. */
function install(name: string): void {
  for (const part of ['cert', 'key']) {
    copyFileSync(join(pairs, `${name}.${part}.pem`), join(folder, 'tls', `${part}.new`));
    renameSync(join(folder, 'tls', `${part}.new`), join(folder, 'tls', `${part}.pem`));
  }
}

function start(settings: Record<string, string> = {}): Promise<NodeProcess> {
  return NodeProcess.start({ folder, settings: { SERVICE__ENABLE_TLS: 'true', ...settings } });
}

/** One request over a connection of its own: its status, and the name that the server showed. */
function get(port: number, ca: Buffer, path = '/readyz'): Promise<{ readonly status: number; readonly name: unknown }> {
  return new Promise((resolve, reject) => {
    const call = request({ host: 'localhost', port, path, ca, agent: false }, (response) => {
      const { socket } = response;
      const name = socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : null;
      response.resume().on('end', () => {
        resolve({ status: response.statusCode ?? 0, name });
      });
    });
    call.on('error', reject);
    call.end();
  });
}

describe('TLS', () => {
  it('is all that is spoken once it is on', async () => {
    node = await start({ SERVICE__API_KEY: 'k' });
    expect(await get(node.restPort, certificate('first'))).toEqual({ status: 200, name: 'localhost-first' });
    expect((await get(node.restPort, certificate('first'), '/collections')).status).toBe(401);
    await expect(get(node.restPort, certificate('second'))).rejects.toThrow(/self-signed/);
    await expect(fetch(`http://127.0.0.1:${node.restPort}/`)).rejects.toThrow();
    expect(node.alive).toBe(true);
  });

  it('takes a new certificate without a restart', async () => {
    node = await start({ TLS__CERT_TTL: '1' });
    const { restPort } = node;
    install('second');
    const shown = () => get(restPort, Buffer.concat([certificate('first'), certificate('second')]));
    await expect.poll(async () => (await shown()).name, { timeout: 20_000 }).toBe('localhost-second');
  });

  it('keeps the certificate in use while the new one is not whole', async () => {
    node = await start({ TLS__CERT_TTL: '1' });
    writeFileSync(join(folder, 'tls/cert.pem'), 'half');
    await expect.poll(() => node?.log, { timeout: 20_000 }).toContain('cannot be reloaded');
    expect((await get(node.restPort, certificate('first'))).name).toBe('localhost-first');
  });

  it('needs a key that belongs to the certificate', async () => {
    copyFileSync(join(pairs, 'second.key.pem'), join(folder, 'tls/key.pem'));
    const failed = await NodeProcess.startFailing({ folder, settings: { SERVICE__ENABLE_TLS: 'true' } });
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/certificate cannot be used/);
  });
});
