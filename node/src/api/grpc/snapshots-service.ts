/** Snapshots are not served yet; every method says so. */
import type { SnapshotsDefinition } from './generated/snapshots_service.js';
import type { RawMethods } from './raw-service.js';

export const snapshotsMethods: RawMethods<typeof SnapshotsDefinition> = {
  create: 'not-served',
  list: 'not-served',
  delete: 'not-served',
  createFull: 'not-served',
  listFull: 'not-served',
  deleteFull: 'not-served',
};
