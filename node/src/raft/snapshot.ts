import type { ConfState } from './conf-change.js';
import type { EntryId } from './entry.js';

export interface SnapshotMeta extends EntryId {
  /** The members as of that entry. */
  readonly confState: ConfState;
}

/** The whole state after applying every entry up to `meta.index`. */
export interface Snapshot {
  readonly meta: SnapshotMeta;
  readonly data: Uint8Array;
}
