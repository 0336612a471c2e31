/** Finds a Python that has the official client. */
import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const environment = resolve(import.meta.dirname, '..', '..', '..', 'build', 'python-client');

export type PythonWithClient =
  | { readonly found: true; readonly python: string }
  /** A sentence that says why there is none. */
  | { readonly found: false; readonly reason: string };

/**
 * The one that `PYTHON_WITH_QDRANT_CLIENT` names, or else that of scripts/setup-python-client.sh, which copies
 * its requirements there when everything else is in place. Nothing is fetched here: tests need no network.
 */
export async function pythonWithClient(): Promise<PythonWithClient> {
  const named = process.env['PYTHON_WITH_QDRANT_CLIENT'];
  if (named !== undefined && named !== '') return { found: true, python: named };
  try {
    await access(join(environment, 'requirements.txt'));
    return { found: true, python: join(environment, 'bin', 'python') };
  } catch {
    return {
      found: false,
      reason: "build/python-client is not there; 'make setup' makes it, with python3-venv and a network",
    };
  }
}
