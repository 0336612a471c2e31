/** Raft's state in `storage/raft/`: the newest snapshot and the journal of what came since. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NativeAddon } from '../engine/addon.js';
import { emptyMetadata } from '../metadata/metadata-state.js';
import type { EntryId } from '../raft/entry.js';
import { joiningPeerState, type RestoredState } from '../raft/raft-config.js';
import type { Snapshot, SnapshotMeta } from '../raft/snapshot.js';
import { makeFolder, syncFolder } from './durable-file.js';
import { Journal, JournalContentError, journalOptions, type JournalContent } from './journal.js';
import { decodeState, encodeState, initialState, type ReplicatedState } from './replicated-state.js';
import { SnapshotFile } from './snapshot-file.js';

export type LogOpener = Pick<NativeAddon, 'openLog'>;

/** What a start of Raft finds. */
export interface StoredRaft {
  readonly restored: RestoredState;
  /** As of `restored.appliedIndex`. */
  readonly state: ReplicatedState;
}

export class RaftStorage {
  readonly journal: Journal;
  readonly #snapshots: SnapshotFile;

  private constructor(journal: Journal, snapshots: SnapshotFile) {
    this.journal = journal;
    this.#snapshots = snapshots;
  }

  /** `stored` is null when nothing was ever stored here. */
  static async open(
    folder: string,
    addon: LogOpener,
  ): Promise<{ readonly storage: RaftStorage; readonly stored: StoredRaft | null }> {
    await makeFolder(join(folder, 'wal'));
    const snapshots = new SnapshotFile(join(folder, 'snapshot'));
    const snapshot = await snapshots.read();
    const log = await addon.openLog(join(folder, 'wal'), journalOptions);
    try {
      const { journal, content } = await Journal.open(log);
      return { storage: new RaftStorage(journal, snapshots), stored: reconciled(snapshot, content) };
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  /** Forgets all of Raft's state in the folder, which nobody may have open. */
  static async wipe(folder: string): Promise<void> {
    await makeFolder(folder);
    // The snapshot goes first: a journal without one is refused, or is that of a peer that was joining.
    for (const name of ['snapshot', 'wal']) {
      await rm(join(folder, name), { recursive: true, force: true });
      await syncFolder(folder);
    }
  }

  /** State and log become the snapshot's, as for a follower that gets one from its leader. */
  async replace(snapshot: Snapshot): Promise<void> {
    await this.#snapshots.write(snapshot);
    const { index, term } = snapshot.meta;
    await this.journal.mark({ index, term }, { replacesLog: true });
  }

  /** The log up to `compacted`, which is at or before the snapshot, is dropped. */
  async compact(snapshot: Snapshot, compacted: EntryId): Promise<void> {
    await this.#snapshots.write(snapshot);
    await this.journal.mark(compacted, { replacesLog: false });
  }

  close(): Promise<void> {
    return this.journal.close();
  }
}

export function snapshotOf(meta: SnapshotMeta, state: ReplicatedState): Snapshot {
  return { meta, data: encodeState(state) };
}

/**
 * The snapshot file is written before the mark of it in the journal, so after a crash between the two the
 * journal is one that the snapshot goes beyond or into.
 */
function reconciled(snapshot: Snapshot | null, content: JournalContent): StoredRaft | null {
  const { hardState, compacted, entries } = content;
  if (snapshot === null) {
    if (compacted !== null) throw new JournalContentError('the journal follows a snapshot that is not there');
    if (hardState.term === 0 && entries.length === 0) return null;
    return { restored: { ...joiningPeerState(), hardState, entries }, state: initialState(emptyMetadata) };
  }
  const { index, term, confState } = snapshot.meta;
  const start = compacted ?? { index: 0, term: 0 };
  if (start.index > index) {
    throw new JournalContentError(`the journal begins after entry ${start.index}, and the snapshot is of ${index}`);
  }
  const termInLog = start.index === index ? start.term : entries.find((entry) => entry.index === index)?.term;
  const state = decodeState(snapshot.data);
  // A log that does not reach the snapshot, or holds another entry there, is what the snapshot replaces.
  if (termInLog !== term) {
    const known = { ...hardState, commit: Math.max(hardState.commit, index) };
    return {
      restored: { hardState: known, confState, appliedIndex: index, compacted: { index, term }, entries: [] },
      state,
    };
  }
  return { restored: { hardState, confState, appliedIndex: index, compacted: start, entries }, state };
}
