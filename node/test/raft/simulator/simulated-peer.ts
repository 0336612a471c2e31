import type { Entry, EntryId, LogIndex, PeerId } from '../../../src/raft/entry.js';
import type { Message } from '../../../src/raft/message.js';
import type { Raft } from '../../../src/raft/raft.js';
import type { RaftConfig, RestoredState } from '../../../src/raft/raft-config.js';
import type { Ready } from '../../../src/raft/ready.js';
import type { Snapshot, SnapshotMeta } from '../../../src/raft/snapshot.js';
import { describeReady } from '../trace.js';
import type { Dice } from './dice.js';
import type { EventQueue } from './event-queue.js';
import { dataId, digestAfter } from './invariants.js';
import type { Invariants, LastSeen, LogView } from './invariants.js';
import type { Plan } from './plan.js';
import { SimulatedDisk } from './simulated-disk.js';

/** What the simulator runs. The planted bugs are other implementations of it. */
export type MakeRaft = (config: RaftConfig, restored: RestoredState) => Raft;

export interface PeerWorld {
  readonly events: EventQueue;
  readonly dice: Dice;
  readonly plan: Plan;
  readonly invariants: Invariants;
  readonly makeRaft: MakeRaft;
  /** Disks and state machines are quick from now on. */
  readonly mended: boolean;
  readonly trace: ((peer: PeerId, line: string) => void) | null;
  send(message: Message): void;
  /** Something is being written and nothing of it is safe yet. */
  writes(peer: SimulatedPeer): void;
  /** The own state machine has applied an entry that it proposed. */
  acknowledged(entry: Entry): void;
  readonly counts: { snapshots: number; confChanges: number; reads: number; abortedReads: number };
}

interface PendingWrite {
  readonly sequence: number | null;
  readonly records: number;
  readonly needsSync: boolean;
  readonly then: () => void;
}

type Applicable =
  { readonly kind: 'entry'; readonly entry: Entry } | { readonly kind: 'snapshot'; readonly snapshot: Snapshot };

const text = (data: Uint8Array): string => String(dataId(data));

function encodeDigest(digest: number): Uint8Array {
  const data = new Uint8Array(4);
  new DataView(data.buffer).setUint32(0, digest, true);
  return data;
}

/** One peer with its disk and state machine: a driver of raft that does everything late. */
export class SimulatedPeer {
  readonly id: PeerId;
  readonly #world: PeerWorld;
  readonly #disk: SimulatedDisk;
  raft: Raft;
  running = true;
  /** Stands still, as in a long pause of the process. */
  pausedUntil = 0;
  /** Events of before a crash do not reach the peer after it. */
  #life = 0;

  #base: EntryId;
  #log: Entry[] = [];
  readonly #seen: LastSeen;
  #writes: PendingWrite[] = [];
  #syncing = false;
  #toApply: Applicable[] = [];
  #applying = false;
  #applied: LogIndex;
  #digest: number;
  #stored: Snapshot;
  #storing = false;
  #proposed = new Map<LogIndex, number>();
  #reads = new Map<number, LogIndex>();

  constructor(id: PeerId, state: RestoredState, world: PeerWorld) {
    this.id = id;
    this.#world = world;
    this.#disk = new SimulatedDisk(state);
    this.#stored = this.#disk.snapshot;
    this.#base = state.compacted;
    this.#applied = state.appliedIndex;
    this.#digest = 0;
    this.#seen = { term: 0, commit: 0, ledTerm: 0 };
    this.raft = this.#start();
  }

  get applied(): LogIndex {
    return this.#applied;
  }

  get digest(): number {
    return this.#digest;
  }

  get log(): LogView {
    return { base: this.#base, entries: this.#log };
  }

  #start(): Raft {
    const restored = this.#disk.restore();
    const { plan, dice } = this.#world;
    this.#base = restored.compacted;
    this.#log = [...restored.entries];
    this.#stored = this.#disk.snapshot;
    this.#applied = restored.appliedIndex;
    this.#digest = new DataView(this.#stored.data.buffer).getUint32(0, true);
    const config: RaftConfig = {
      id: this.id,
      electionTicks: plan.electionTicks,
      heartbeatTicks: plan.heartbeatTicks,
      checkQuorum: plan.checkQuorum,
      preVote: plan.preVote,
      maxAppendBytes: plan.maxAppendBytes,
      maxInflightAppends: plan.maxInflightAppends,
      maxUncommittedBytes: 1024,
      maxCommittedBytes: 200,
      maxPendingReads: 16,
      random: () => dice.random(),
      snapshot: () => this.#snapshotForFollower(),
    };
    const raft = this.#world.makeRaft(config, restored);
    const { term, commit } = raft.status();
    this.#seen.term = term;
    this.#seen.commit = commit;
    return raft;
  }

  #snapshotForFollower(): Snapshot | null {
    if (!this.#world.plan.snapshotsOnDemand) return this.#stored;
    const meta = this.raft.appliedMeta();
    return meta === null ? null : { meta, data: encodeDigest(this.#digest) };
  }

  crash(): void {
    this.running = false;
    this.#life += 1;
    this.#disk.crash(this.#world.dice);
    this.#writes = [];
    this.#toApply = [];
    this.#syncing = false;
    this.#applying = false;
    this.#storing = false;
    this.#proposed.clear();
    this.#reads.clear();
  }

  restart(): void {
    this.running = true;
    this.pausedUntil = 0;
    this.raft = this.#start();
    this.pump();
  }

  /** Something happens to the peer; what raft wants done is done, and everything is checked. */
  input(change: (raft: Raft) => void): void {
    change(this.raft);
    this.pump();
  }

  propose(id: number): boolean {
    const outcome = this.raft.propose(encodeDigest(id));
    if (outcome.kind === 'accepted') this.#proposed.set(outcome.index, outcome.term);
    this.pump();
    return outcome.kind === 'accepted';
  }

  read(context: number): void {
    const known = this.#world.invariants.maxCommit;
    if (this.raft.readIndex(context).kind === 'accepted') this.#reads.set(context, known);
    this.pump();
  }

  pump(): void {
    const { invariants } = this.#world;
    for (let ready = this.raft.ready(); ready !== null; ready = this.raft.ready()) this.#handle(ready);
    invariants.observe(this.raft.status(), this.log, this.#seen);
  }

  #later(delay: readonly [number, number], run: () => void): void {
    const life = this.#life;
    this.#world.events.after(this.#world.dice.between(...delay), () => {
      if (this.#life === life) run();
    });
  }

  #handle(ready: Ready): void {
    const { trace, invariants } = this.#world;
    if (trace !== null) for (const line of describeReady(ready, text)) trace(this.id, line);
    const { hardState, snapshot, entries } = ready;
    if (snapshot !== null) this.#install(snapshot);
    for (const entry of entries) this.#append(entry);
    if (entries.some(({ kind }) => kind === 'conf-change')) invariants.onePendingConfChange(this.log);
    for (const message of ready.messages) this.#send(message);
    const writes = hardState !== null || snapshot !== null || entries.length > 0;
    if (writes) {
      const installed = snapshot === null ? null : { value: snapshot, installed: true };
      this.#disk.write({ hardState, snapshot: installed, entries });
      this.#world.writes(this);
    }
    this.#writes.push({
      sequence: ready.sequence,
      records: writes ? 1 : 0,
      needsSync: ready.mustSync,
      then: () => ready.messagesAfterPersistence.forEach((message) => this.#send(message)),
    });
    if (snapshot !== null) this.#toApply.push({ kind: 'snapshot', snapshot });
    for (const entry of ready.committed) this.#toApply.push({ kind: 'entry', entry });
    for (const context of ready.confirmedReads) this.#readConfirmed(context);
    for (const context of ready.abortedReads) if (this.#reads.delete(context)) this.#world.counts.abortedReads += 1;
    this.#finishWrites(0);
    this.#startSync();
    this.#startApply();
  }

  #send(message: Message): void {
    this.#world.invariants.sent(message);
    this.#world.send(message);
  }

  #append(entry: Entry): void {
    this.#log.length = entry.index - this.#base.index - 1;
    this.#world.invariants.appended(entry, (this.#log.at(-1) ?? this.#base).term);
    this.#log.push(entry);
  }

  #install(snapshot: Snapshot): void {
    this.#world.counts.snapshots += 1;
    this.#base = snapshot.meta;
    this.#log = [];
  }

  #readConfirmed(context: number): void {
    const known = this.#reads.get(context);
    if (known === undefined) return;
    this.#reads.delete(context);
    this.#world.counts.reads += 1;
    this.#world.invariants.readAnswered(this.id, known, this.#applied);
  }

  /** Writes are acknowledged in order: those of the sync that ended, and those after them that need none. */
  #finishWrites(synced: number): void {
    let finished: number | null = null;
    for (let count = 0; this.#writes.length > 0; count += 1) {
      if (count >= synced && this.#writes[0]!.needsSync) break;
      const { sequence, then } = this.#writes.shift()!;
      finished = sequence ?? finished;
      then();
    }
    if (finished !== null) this.raft.persisted(finished);
  }

  #startSync(): void {
    if (this.#syncing || this.#writes.length === 0) return;
    this.#syncing = true;
    const covered = this.#writes.length;
    const records = this.#disk.unsynced;
    const { plan, dice, mended } = this.#world;
    const delay = dice.chance(plan.diskStalls) ? ([50, 200] as const) : plan.diskDelay;
    this.#later(mended ? [0, 0] : delay, () => {
      this.#syncing = false;
      this.#disk.sync(records);
      this.#finishWrites(covered);
      this.pump();
      this.#startSync();
    });
  }

  #startApply(): void {
    if (this.#applying || this.#toApply.length === 0) return;
    this.#applying = true;
    this.#later(this.#world.mended ? [0, 0] : this.#world.plan.applyDelay, () => {
      this.#applying = false;
      for (const item of this.#toApply.splice(0)) this.#apply(item);
      this.#store();
      this.pump();
      this.#startApply();
    });
  }

  #apply(item: Applicable): void {
    const { invariants, counts } = this.#world;
    if (item.kind === 'snapshot') {
      const { meta, data } = item.snapshot;
      if (meta.index < this.#applied) invariants.regressed(this.id, this.#applied, meta.index);
      this.#digest = new DataView(data.buffer).getUint32(0, true);
      this.#applied = meta.index;
      this.#stored = item.snapshot;
      invariants.membersAt(this.id, meta.index, meta.confState);
    } else {
      const { entry } = item;
      if (entry.index !== this.#applied + 1) invariants.skipped(this.id, this.#applied, entry.index);
      this.#digest = digestAfter(this.#digest, entry);
      this.#applied = entry.index;
      if (this.#proposed.get(entry.index) === entry.term) this.#world.acknowledged(entry);
      this.#proposed.delete(entry.index);
      if (entry.kind === 'conf-change' && this.raft.status().role === 'leader') counts.confChanges += 1;
    }
    invariants.applied(this.id, this.#applied, this.#digest);
    this.raft.applied(this.#applied);
    const meta = this.raft.appliedMeta();
    if (meta !== null) invariants.membersAt(this.id, meta.index, meta.confState);
  }

  /** A snapshot is on disk before the log that it replaces goes. */
  #store(): void {
    if (this.#storing || this.#applied - this.#stored.meta.index < this.#world.plan.snapshotEvery) return;
    const meta: SnapshotMeta | null = this.raft.appliedMeta();
    if (meta === null) return;
    const snapshot = { meta, data: encodeDigest(this.#digest) };
    this.#storing = true;
    this.#disk.write({ hardState: null, snapshot: { value: snapshot, installed: false }, entries: [] });
    this.#writes.push({ sequence: null, records: 1, needsSync: true, then: () => this.#compact(snapshot) });
    this.#startSync();
  }

  #compact(snapshot: Snapshot): void {
    this.#storing = false;
    const { index } = snapshot.meta;
    if (index <= this.#base.index) return;
    this.#stored = snapshot;
    this.#log.splice(0, index - this.#base.index);
    this.#base = snapshot.meta;
    this.raft.compact(index);
  }
}
