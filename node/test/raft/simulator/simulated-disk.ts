import type { Entry } from '../../../src/raft/entry.js';
import type { RestoredState } from '../../../src/raft/raft-config.js';
import type { HardState } from '../../../src/raft/ready.js';
import type { Snapshot } from '../../../src/raft/snapshot.js';
import type { Dice } from './dice.js';

/** One write of the driver. A snapshot that was made here keeps the log after it; an installed one empties the log. */
export interface DiskRecord {
  readonly hardState: HardState | null;
  readonly snapshot: { readonly value: Snapshot; readonly installed: boolean } | null;
  readonly entries: readonly Entry[];
}

/** What a journal with cached writes leaves after a crash: all that was synced, and some of the rest, the last torn. */
export class SimulatedDisk {
  #hardState: HardState;
  #snapshot: Snapshot;
  #entries: Entry[];
  /** Written, and lost in a crash as chance has it. */
  #unsynced: DiskRecord[] = [];

  constructor(state: RestoredState) {
    this.#hardState = state.hardState;
    this.#snapshot = { meta: { ...state.compacted, confState: state.confState }, data: new Uint8Array(4) };
    this.#entries = [...state.entries];
  }

  write(record: DiskRecord): void {
    this.#unsynced.push(record);
  }

  /** The oldest `count` writes, and those before, are safe. */
  sync(count: number): void {
    for (const record of this.#unsynced.splice(0, count)) this.#apply(record, record.entries.length);
  }

  get unsynced(): number {
    return this.#unsynced.length;
  }

  crash(dice: Dice): void {
    const kept = dice.chance(0.5) ? 0 : dice.between(0, this.#unsynced.length);
    const torn = this.#unsynced[kept];
    for (const record of this.#unsynced.slice(0, kept)) this.#apply(record, record.entries.length);
    if (torn !== undefined && dice.chance(0.5)) {
      // The hard state stands before the entries, and a snapshot is whole or not there.
      const part = torn.snapshot === null ? torn.entries.length : 0;
      this.#apply({ ...torn, snapshot: null }, dice.between(0, part));
    }
    this.#unsynced = [];
  }

  #apply({ hardState, snapshot, entries }: DiskRecord, entryCount: number): void {
    if (hardState !== null) this.#hardState = hardState;
    if (snapshot !== null) this.#applySnapshot(snapshot.value, snapshot.installed);
    for (const entry of entries.slice(0, entryCount)) {
      const at = entry.index - this.#snapshot.meta.index - 1;
      if (at < 0) continue;
      if (at > this.#entries.length) throw new Error(`the driver writes entry ${entry.index} after a gap`);
      this.#entries.length = at;
      this.#entries.push(entry);
    }
  }

  #applySnapshot(snapshot: Snapshot, installed: boolean): void {
    const { index } = snapshot.meta;
    this.#entries = installed ? [] : this.#entries.filter((entry) => entry.index > index);
    this.#snapshot = snapshot;
  }

  get hardState(): HardState {
    return this.#hardState;
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  restore(): RestoredState {
    const { index, term, confState } = this.#snapshot.meta;
    return {
      hardState: this.#hardState,
      confState,
      appliedIndex: index,
      compacted: { index, term },
      entries: this.#entries,
    };
  }
}
