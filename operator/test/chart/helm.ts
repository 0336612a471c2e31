/** Helm, where a machine has it: `make e2e` builds one, and `HELM` names any other. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { loadAll } from 'js-yaml';
import { z } from 'zod';

export const chartFolder = fileURLToPath(new URL('../../../charts/qdrant-operator', import.meta.url));

const program = process.env['HELM'] ?? 'helm';
export const helmIsThere = spawnSync(program, ['version'], { stdio: 'ignore' }).status === 0;

const rendered = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
export type RenderedObject = z.infer<typeof rendered>;

export function helm(args: readonly string[]): { readonly ok: boolean; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 16 * 2 ** 20 });
  return { ok: status === 0, output: status === 0 ? stdout : `${stdout}${stderr}` };
}

/** A Helm that was built from its module believes in an old Kubernetes unless it is told. */
export function template(...settings: readonly string[]): { readonly ok: boolean; readonly output: string } {
  const release = ['template', 'qdrant-operator', chartFolder, '--namespace', 'databases', '--kube-version', '1.33.0'];
  return helm([...release, ...settings.flatMap((setting) => ['--set', setting])]);
}

const renderedBefore = new Map<string, readonly RenderedObject[]>();

export function render(...settings: readonly string[]): readonly RenderedObject[] {
  const key = settings.join();
  const objects = renderedBefore.get(key) ?? renderNow(settings);
  renderedBefore.set(key, objects);
  return objects;
}

function renderNow(settings: readonly string[]): readonly RenderedObject[] {
  const { ok, output } = template(...settings);
  if (!ok) throw new Error(output);
  return loadAll(output).flatMap((document) =>
    document === null || document === undefined ? [] : [rendered.parse(document)],
  );
}
