/** What scripts/e2e.sh tells the tests; the defaults are its own, so that one file can be run by hand. */
import { resolve } from 'node:path';

export const repository = resolve(import.meta.dirname, '../../..');
export const kit = resolve(repository, 'e2e/kube');

/** Where a test that fails leaves what it saw. */
export const reportFolder = process.env['E2E_REPORT'] ?? resolve(repository, 'build/e2e');

/** Tag of the images that are loaded on all nodes of the cluster. */
export const version = process.env['E2E_VERSION'] ?? '0.1.0';
export const nodeImage = 'vdb.local/qdrant';

/** How the chart was installed. */
export const release = process.env['E2E_RELEASE'] ?? 'qdrant-operator';
export const releaseNamespace = process.env['E2E_RELEASE_NAMESPACE'] ?? 'qdrant-operator-system';
