/** Finds, or makes once, a Python that has the official client. */
import { execFile } from 'node:child_process';
import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const requirement = 'qdrant-client==1.18.0';

/** Long enough for a slow network, short enough to find out that there is none. */
const installTimeoutMs = 180_000;

const run = promisify(execFile);

export type PythonWithClient =
  | { readonly found: true; readonly python: string }
  /** A sentence that says why there is none. */
  | { readonly found: false; readonly reason: string };

function cacheFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'];
  return join(cache === undefined || cache === '' ? join(homedir(), '.cache') : cache, 'qdrant-operator-python-client');
}

/**
 * `PYTHON_WITH_QDRANT_CLIENT` names one; otherwise a virtual environment under the user's cache folder
 * serves, made on first use when the package index can be reached.
 */
export async function pythonWithClient(): Promise<PythonWithClient> {
  const named = process.env['PYTHON_WITH_QDRANT_CLIENT'];
  if (named !== undefined && named !== '') return { found: true, python: named };
  const folder = cacheFolder();
  const python = join(folder, 'bin', 'python');
  const stamp = join(folder, `${requirement}.ready`);
  try {
    await access(stamp);
    return { found: true, python };
  } catch {
    return install(folder, python, stamp);
  }
}

async function install(folder: string, python: string, stamp: string): Promise<PythonWithClient> {
  const options = { timeout: installTimeoutMs, maxBuffer: 1 << 26 };
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await run('python3', ['-m', 'venv', folder], options);
    await run(python, ['-m', 'pip', 'install', '--quiet', '--retries', '0', '--timeout', '10', requirement], options);
    await writeFile(stamp, '');
    return { found: true, python };
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return {
      found: false,
      reason: `No Python with ${requirement}: set PYTHON_WITH_QDRANT_CLIENT to one, or run once with a network (${why})`,
    };
  }
}
