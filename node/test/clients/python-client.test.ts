/** The official Python client, unchanged, over both of its transports. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NodeProcess } from '../harness/node-process.js';
import { pythonWithClient } from './python-environment.js';

const run = promisify(execFile);
const scenario = join(import.meta.dirname, 'python', 'scenario.py');
const steps = [
  'create',
  'write',
  'read',
  'search',
  'filters',
  'payloads',
  'batches_and_deletes',
  'named_vectors',
  'errors',
];

const environment = await pythonWithClient();
if (!environment.found) console.warn(`The tests of the Python client are skipped: ${environment.reason}.`);

describe.skipIf(!environment.found)('qdrant-client for Python', () => {
  let node: NodeProcess;
  beforeAll(async () => {
    node = await NodeProcess.start();
  });
  afterAll(() => node.remove());

  test.each(['rest', 'grpc'])('over %s', { timeout: 120_000 }, async (mode) => {
    if (!environment.found) throw new Error('Skipped tests do not run');
    const args = [scenario, String(node.restPort), String(node.grpcPort), mode];
    const { stdout } = await run(environment.python, args, { timeout: 100_000 });
    expect(stdout.trim().split('\n')).toEqual(steps);
  });
});
