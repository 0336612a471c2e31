import { execFile } from 'node:child_process';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const packages = ['numpy==2.4.6', 'qdrant-edge-py==0.9.0', 'hnswlib==0.8.0'];

const run = promisify(execFile);

/**
 * The Python of a virtual environment that holds the engines to compare with, made on first use under the user's cache
 * folder. hnswlib is compiled there for this processor, which needs g++ and Python's headers.
 */
export async function pythonWithEngines(): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'qdrant-operator-bench');
  const python = join(folder, 'bin', 'python');
  const stamp = join(folder, `${packages.join('-')}.ready`);
  try {
    await access(stamp);
    return python;
  } catch {
    console.log(`Installing ${packages.join(', ')} into ${folder}`);
  }
  await mkdir(cache, { recursive: true });
  await run('python3', ['-m', 'venv', folder]);
  await run(python, ['-m', 'pip', 'install', '--quiet', ...packages], { maxBuffer: 1 << 26 });
  await writeFile(stamp, '');
  return python;
}
