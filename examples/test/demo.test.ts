import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const repository = resolve(import.meta.dirname, '..', '..');
const host = '127.0.0.1';
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Two ports that were free a moment ago. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()] as const;
  for (const server of servers) await new Promise<void>((done) => server.listen(0, host, () => done()));
  const [first, second] = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) await new Promise<void>((done) => server.close(() => done()));
  return [first!, second!];
}

/** What `make run` starts after the build, interrupted as by Ctrl-C once it says that the node is up. */
async function demonstrate(httpPort: number, grpcPort: number): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ['build/tools/examples/src/demo.js'], {
    cwd: repository,
    env: {
      ...process.env,
      QDRANT__SERVICE__HTTP_PORT: String(httpPort),
      QDRANT__SERVICE__GRPC_PORT: String(grpcPort),
      QDRANT__STORAGE__STORAGE_PATH: join(folder, 'storage'),
      QDRANT__STORAGE__SNAPSHOTS_PATH: join(folder, 'snapshots'),
    },
  });
  let output = '';
  let interrupted = false;
  const read = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
    if (interrupted || !output.includes('until you press Ctrl-C')) return;
    interrupted = true;
    child.kill('SIGINT');
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, output };
}

describe('make run', () => {
  it(
    'loads the example, answers its questions, stops on Ctrl-C, and finds its data again',
    { timeout: 120_000 },
    async () => {
      const first = await demonstrate(...(await freePorts()));
      expect(first.output).toContain("Created the collection 'wordnet' and loaded 2600 points");
      expect(first.output).toMatch(/disease carried by mosquitoes.*mosquito bite/);
      expect(first.output).toMatch(/where relations >= 8.*handsaw/);
      const found = /24 questions: (\d+) of the 240 exact nearest found/.exec(first.output)?.[1];
      expect(Number(found)).toBeGreaterThanOrEqual(236);
      expect(first.code).toBe(0);

      const second = await demonstrate(...(await freePorts()));
      expect(second.output).toContain("Found the collection 'wordnet' with its 2600 points");
      expect(second.code).toBe(0);
    },
  );

  it('names a port that is taken, and how to choose another', async () => {
    const [httpPort, grpcPort] = await freePorts();
    const holder = createServer();
    await new Promise<void>((done) => holder.listen(grpcPort, host, () => done()));
    const { code, output } = await demonstrate(httpPort, grpcPort);
    await new Promise<void>((done) => holder.close(() => done()));
    expect(code).toBe(1);
    expect(output).toContain(`Port ${grpcPort} on ${host} is taken`);
    expect(output).toContain('QDRANT__SERVICE__HTTP_PORT=7333');
  });
});
