/**
 * Does what Raft wants done, in the order that its safety rests on: writes to the journal, sends when what a
 * message promises is on disk, applies what is committed. One life of Raft: after a failure another is built
 * from disk.
 */
import type { Applied } from '../metadata/metadata-operation.js';
import type { Entry, EntryId } from '../raft/entry.js';
import type { Message } from '../raft/message.js';
import { defaultRaftConfig } from '../raft/raft-config.js';
import { RaftNode } from '../raft/raft-node.js';
import type { Raft } from '../raft/raft.js';
import type { Ready, SoftState } from '../raft/ready.js';
import type { Snapshot } from '../raft/snapshot.js';
import type { PeerId } from '../metadata/peer-id.js';
import { decodeProposal, type ProposalId } from './proposal-entry.js';
import { snapshotOf, type RaftStorage, type StoredRaft } from './raft-storage.js';
import { applied, decodeState, skipped, type ReplicatedState } from './replicated-state.js';

export interface AppliedProposal {
  readonly id: ProposalId;
  readonly applied: Applied;
}

export interface DriverEvents {
  send(messages: readonly Message[]): void;
  /** `installed`: by a snapshot, which jumps over proposals. */
  onState(state: ReplicatedState, proposals: readonly AppliedProposal[], installed: boolean): void;
  onSoftState(softState: SoftState): void;
  onReads(confirmed: readonly number[], aborted: readonly number[]): void;
  /** Once: nothing happens any more after it. */
  onFailure(error: unknown): void;
}

export interface DriverOptions {
  readonly self: PeerId;
  readonly random: () => number;
  /** Entries between two snapshots; 0: none are taken. */
  readonly compactEntries: number;
}

/** A Ready that waits for the journal. */
interface Write {
  readonly ready: number;
  /** Record of the journal that has to be durable. */
  readonly sequence: number;
  readonly messages: readonly Message[];
}

export class RaftDriver {
  readonly raft: Raft;
  readonly #storage: RaftStorage;
  readonly #events: DriverEvents;
  readonly #options: DriverOptions;
  #state: ReplicatedState;
  #writes: Write[] = [];
  #durableSequence: number;
  /** What the newest Ready that needs a sync wrote last. */
  #wantedSequence: number;
  #syncing = false;
  #woken = false;
  #installing = false;
  #installation: Promise<void> | null = null;
  #compacting: Promise<void> | null = null;
  /** The next compaction leaves what came since: followers that are a little behind need no snapshot. */
  #lastSnapshot: EntryId;
  #cached: Snapshot | null = null;
  #ended = false;
  #closed: Promise<void> | null = null;

  constructor(storage: RaftStorage, { restored, state }: StoredRaft, options: DriverOptions, events: DriverEvents) {
    this.#storage = storage;
    this.#state = state;
    this.#options = options;
    this.#events = events;
    this.#durableSequence = storage.journal.lastSequence;
    this.#wantedSequence = this.#durableSequence;
    const { self: id, random } = options;
    this.raft = new RaftNode({ ...defaultRaftConfig, id, random, snapshot: () => this.#snapshot() }, restored);
    this.#lastSnapshot = this.raft.appliedMeta() ?? restored.compacted;
  }

  get latestSnapshot(): EntryId {
    return this.#lastSnapshot;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Inputs of one turn of the event loop are answered together: one append to the journal for many proposals. */
  wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    queueMicrotask(() => {
      this.#woken = false;
      this.pump();
    });
  }

  /** Does all that there is to do now. */
  pump(): void {
    this.#guarded(() => {
      while (!this.#installing && !this.#ended) {
        const ready = this.raft.ready();
        if (ready === null) return;
        this.#take(ready);
      }
    });
  }

  close(): Promise<void> {
    this.#ended = true;
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#compacting;
    await this.#installation;
    await this.#storage.close();
  }

  #guarded(body: () => void): void {
    if (this.#ended) return;
    try {
      body();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.onFailure(error);
  }

  #take(ready: Ready): void {
    if (ready.messages.length > 0) this.#events.send(ready.messages);
    if (ready.snapshot === null) {
      this.#persist(ready);
      this.#finish(ready);
      return;
    }
    this.#installing = true;
    this.#installation = this.#install(ready, ready.snapshot).then(
      () => {
        this.#installing = false;
        this.pump();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  /** Everything else waits: what comes after a snapshot is written and applied after it. */
  async #install(ready: Ready, snapshot: Snapshot): Promise<void> {
    const state = decodeState(snapshot.data);
    await this.#compacting;
    await this.#storage.replace(snapshot);
    if (this.#ended) return;
    this.#lastSnapshot = snapshot.meta;
    this.#state = state;
    this.raft.applied(snapshot.meta.index);
    this.#events.onState(state, [], true);
    this.#persist(ready);
    this.#finish(ready);
  }

  #persist({ sequence, hardState, entries, mustSync, messagesAfterPersistence }: Ready): void {
    const { journal } = this.#storage;
    journal.append(hardState, entries);
    if (mustSync) this.#wantedSequence = journal.lastSequence;
    this.#writes.push({ ready: sequence, sequence: this.#wantedSequence, messages: messagesAfterPersistence });
    this.#settle();
    this.#sync();
  }

  /** One sync at a time; whatever is written meanwhile shares the next. */
  #sync(): void {
    const target = this.#writes.at(-1)?.sequence;
    if (this.#syncing || target === undefined) return;
    this.#syncing = true;
    this.#storage.journal.durable(target).then(
      () => {
        this.#syncing = false;
        this.#durableSequence = target;
        this.#guarded(() => {
          this.#settle();
          this.#sync();
        });
        this.pump();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #settle(): void {
    const waiting = this.#writes.findIndex(({ sequence }) => sequence > this.#durableSequence);
    const done = this.#writes.splice(0, waiting === -1 ? this.#writes.length : waiting);
    const last = done.at(-1);
    if (last === undefined) return;
    const messages = done.flatMap((write) => write.messages);
    if (messages.length > 0) this.#events.send(messages);
    this.raft.persisted(last.ready);
  }

  #finish({ committed, confirmedReads, abortedReads, softState }: Ready): void {
    if (committed.length > 0) this.#apply(committed);
    if (softState !== null) this.#events.onSoftState(softState);
    if (confirmedReads.length > 0 || abortedReads.length > 0) this.#events.onReads(confirmedReads, abortedReads);
  }

  #apply(entries: readonly Entry[]): void {
    let state = this.#state;
    const proposals: AppliedProposal[] = [];
    for (const { index, kind, data } of entries) {
      if (kind !== 'normal') {
        state = skipped(state, index);
        continue;
      }
      const proposal = decodeProposal(data);
      const outcome = applied(state, proposal, index);
      state = outcome.state;
      if (outcome.applied !== null) proposals.push({ id: proposal.id, applied: outcome.applied });
    }
    this.#state = state;
    this.raft.applied(state.metadata.appliedIndex);
    this.#events.onState(state, proposals, false);
    this.#compactIfDue();
  }

  #snapshot(): Snapshot | null {
    const meta = this.raft.appliedMeta();
    if (meta?.index !== this.#state.metadata.appliedIndex) return null;
    if (this.#cached?.meta.index !== meta.index) this.#cached = snapshotOf(meta, this.#state);
    return this.#cached;
  }

  #compactIfDue(): void {
    const { compactEntries } = this.#options;
    const { appliedIndex } = this.#state.metadata;
    if (compactEntries === 0 || this.#compacting !== null || this.#installing) return;
    if (appliedIndex - this.#lastSnapshot.index < compactEntries) return;
    const snapshot = this.#snapshot();
    if (snapshot === null) return;
    const before = this.#lastSnapshot;
    this.#lastSnapshot = snapshot.meta;
    this.#compacting = this.#storage.compact(snapshot, before).then(
      () => {
        this.#compacting = null;
        this.#guarded(() => this.raft.compact(before.index));
      },
      (error: unknown) => {
        this.#compacting = null;
        this.#fail(error);
      },
    );
  }
}
