/**
 * All manifests of two clusters, as they are applied: one with as little in its spec as there can be, and one with
 * every field that becomes a part of a manifest. UPDATE_GOLDEN=1 writes the files anew; commit the difference only if
 * it is what you meant.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump, load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../../node/src/settings/load-settings.js';
import { startRefusals, unservedWarning } from '../../../node/src/settings/unserved-settings.js';
import { parseCommandLine } from '../../../node/src/settings/command-line.js';
import { contains } from '../../src/build/contains.js';
import { withManifestHash } from '../../src/build/manifest-hash.js';
import { wantedObjects } from '../../src/build/wanted-objects.js';
import type { Manifest } from '../../src/k8s/kubernetes-api.js';
import { settings, theFullCluster, theSmallCluster } from './clusters.js';

const cases = [
  { name: 'minimal', resource: theSmallCluster, replicas: 1, disruptionAllowed: false },
  { name: 'full', resource: theFullCluster, replicas: 2, disruptionAllowed: true },
] as const;

describe.each(cases)('the manifests of the $name cluster', ({ name, resource, replicas, disruptionAllowed }) => {
  const wishes = { replicas, disruptionAllowed, existingSet: null };
  const manifests = wantedObjects(resource, wishes, settings).map((one) => withManifestHash(one, settings.group));
  const path = join(import.meta.dirname, 'golden', `${name}.yaml`);

  it('are as they were', () => {
    const text = manifests.map((manifest) => dump(manifest, { noRefs: true, lineWidth: 120 })).join('---\n');
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, text);
    expect(text).toBe(readFileSync(path, 'utf8'));
  });

  it('are plain data, and contain themselves', () => {
    for (const manifest of manifests) {
      const sent: unknown = JSON.parse(JSON.stringify(manifest));
      expect(sent).toEqual(manifest);
      expect(contains(sent, manifest)).toBe(true);
    }
  });

  it('have settings that our node knows and follows, every one', () => {
    const file = settingsFile(manifests);
    const folder = mkdtempSync(join(tmpdir(), 'settings-'));
    try {
      writeFileSync(join(folder, 'config.yaml'), file);
      const loaded = loadSettings({ workingFolder: folder, configPath: 'config.yaml', environment: {} });
      const flags = ['--config-path', 'config.yaml', '--uri', 'http://a:6335'];
      const commandLine = parseCommandLine(flags, 'test', {});
      if (commandLine.kind !== 'run') throw new Error('the command line is refused');
      expect(unservedWarning(loaded, commandLine.options)).toBeNull();
      expect(startRefusals(loaded.settings, commandLine.options)).toEqual([]);
      expect(loaded.settings.cluster.enabled).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function settingsFile(manifests: readonly Manifest[]): string {
  const map = manifests.find((manifest) => manifest.kind === 'ConfigMap');
  const file = map?.kind === 'ConfigMap' ? map.data?.['config.yaml'] : undefined;
  expect(load(file ?? '')).toBeTypeOf('object');
  return file ?? '';
}
