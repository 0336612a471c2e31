import type { ConfChangeKind } from '../../../src/raft/conf-change.js';
import type { Entry, PeerId } from '../../../src/raft/entry.js';
import type { Message } from '../../../src/raft/message.js';
import { joiningPeerState } from '../../../src/raft/raft-config.js';
import type { RestoredState } from '../../../src/raft/raft-config.js';
import { Dice } from './dice.js';
import { EventQueue } from './event-queue.js';
import { dataId, Invariants, InvariantViolation } from './invariants.js';
import { drawPlan, unitsPerTick } from './plan.js';
import type { Plan } from './plan.js';
import { SimulatedNetwork } from './simulated-network.js';
import type { NetworkEnds } from './simulated-network.js';
import { SimulatedPeer } from './simulated-peer.js';
import type { MakeRaft, PeerWorld } from './simulated-peer.js';
import { describeMessage } from '../trace.js';

/** What happened in a run, so that a reader sees that it was not an idle one. */
export interface Counts {
  /** Terms that had a leader. */
  elections: number;
  snapshots: number;
  confChanges: number;
  crashes: number;
  partitions: number;
  transfers: number;
  proposals: number;
  acknowledged: number;
  reads: number;
  abortedReads: number;
  messages: number;
}

export const noCounts = (): Counts => ({
  ...{ elections: 0, snapshots: 0, confChanges: 0, crashes: 0, partitions: 0, transfers: 0 },
  ...{ proposals: 0, acknowledged: 0, reads: 0, abortedReads: 0, messages: 0 },
});

export interface WorldOptions {
  readonly seed: number;
  readonly makeRaft: MakeRaft;
  readonly plan?: Partial<Plan>;
  readonly trace?: (line: string) => void;
}

/** After everything is mended, so many ticks are enough for a leader and for everyone to have everything. */
const recoveryTicks = 150;

/** N peers in one process, with the disks, networks and operators that peers get in reality. */
export class World implements PeerWorld, NetworkEnds {
  readonly events = new EventQueue();
  readonly dice: Dice;
  readonly plan: Plan;
  readonly invariants: Invariants;
  readonly makeRaft: MakeRaft;
  readonly counts = noCounts();
  mended = false;
  readonly trace: ((peer: PeerId, line: string) => void) | null;
  readonly network: SimulatedNetwork;
  readonly peers = new Map<PeerId, SimulatedPeer>();
  readonly #acknowledged = new Map<number, number>();
  #nextId = 1;

  constructor({ seed, makeRaft, plan, trace }: WorldOptions) {
    this.dice = new Dice(seed);
    this.plan = { ...drawPlan(this.dice), ...plan };
    this.makeRaft = makeRaft;
    this.trace =
      trace === undefined ? null : (peer, line) => trace(`${String(this.events.now).padStart(5)}  ${peer}  ${line}`);
    this.network = new SimulatedNetwork(this.events, this.dice, this.plan, this);
    const voters = Array.from({ length: this.plan.voters }, (_, at) => at + 1);
    const first: RestoredState = {
      hardState: { term: 1, vote: null, commit: 1 },
      confState: { voters, learners: [] },
      appliedIndex: 1,
      compacted: { index: 1, term: 1 },
      entries: [],
    };
    this.invariants = new Invariants(1, first.confState);
    for (const id of voters) this.#addPeer(id, first);
    for (let spare = 1; spare <= this.plan.spares; spare += 1) this.#addPeer(voters.length + spare, joiningPeerState());
  }

  #addPeer(id: PeerId, state: RestoredState): void {
    const peer = new SimulatedPeer(id, state, this);
    this.peers.set(id, peer);
    const tick = (): void => {
      if (this.isRunning(id)) peer.input((raft) => raft.tick());
      this.events.after(unitsPerTick, tick);
    };
    this.events.after(this.dice.between(1, unitsPerTick), tick);
  }

  /** Throws an InvariantViolation, or what raft itself throws. */
  run(): Counts {
    for (let tick = 1; tick <= this.plan.ticks; tick += 1) {
      this.#disturb();
      this.#use();
      this.runFor(unitsPerTick);
    }
    this.#recover();
    this.counts.elections = this.invariants.termsWithLeader;
    return this.counts;
  }

  runFor(units: number): void {
    const end = this.events.now + units;
    while (this.events.runNext(end));
  }

  isRunning(id: PeerId): boolean {
    const peer = this.peers.get(id);
    return peer !== undefined && peer.running && peer.pausedUntil <= this.events.now;
  }

  deliver(message: Message): void {
    this.trace?.(message.to, `<- ${describeMessage(message, (data) => String(dataId(data)))}`);
    this.peers.get(message.to)?.input((raft) => raft.step(message));
  }

  linkBroke(id: PeerId, other: PeerId): void {
    if (!this.isRunning(id)) return;
    this.trace?.(id, `is told that ${other} is unreachable`);
    this.peers.get(id)?.input((raft) => {
      raft.reportUnreachable(other);
      raft.leaderUnreachable(other);
    });
  }

  snapshotSent(from: PeerId, to: PeerId, delivered: boolean): void {
    const peer = this.peers.get(from);
    if (peer?.running !== true) return;
    // The transport of a process that stands still reports when it goes on.
    if (this.isRunning(from)) peer.input((raft) => raft.reportSnapshot(to, delivered));
    else this.events.after(unitsPerTick, () => this.snapshotSent(from, to, delivered));
  }

  send(message: Message): void {
    this.counts.messages += 1;
    this.network.send(message);
  }

  acknowledged(entry: Entry): void {
    this.counts.acknowledged += 1;
    this.#acknowledged.set(entry.index, dataId(entry.data));
  }

  get leader(): SimulatedPeer | undefined {
    const leaders = [...this.peers.values()].filter(
      (peer) => this.isRunning(peer.id) && peer.raft.status().role === 'leader',
    );
    return leaders.sort((a, b) => b.raft.status().term - a.raft.status().term)[0];
  }

  writes(peer: SimulatedPeer): void {
    if (!this.dice.chance(this.plan.crashesOnWrite) || this.mended) return;
    this.#crashSoon(peer, 4);
  }

  #crashSoon(peer: SimulatedPeer, units: number): void {
    this.events.after(this.dice.between(0, units), () => this.crash(peer));
    // Some come back in time to take part in the same election.
    if (this.dice.chance(0.5)) this.events.after(this.dice.between(units + 1, units + 15), () => this.#restart(peer));
  }

  #restart(peer: SimulatedPeer): void {
    if (peer.running) return;
    this.trace?.(peer.id, 'starts again');
    peer.restart();
  }

  crash(peer: SimulatedPeer): void {
    if (!peer.running || this.mended) return;
    this.trace?.(peer.id, 'crashes');
    this.counts.crashes += 1;
    peer.crash();
    for (const id of this.peers.keys()) if (id !== peer.id) this.network.breakLink(id, peer.id);
  }

  #disturb(): void {
    const { dice, plan } = this;
    const all = [...this.peers.values()];
    const running = all.filter(({ running }) => running);
    const victim = dice.chance(0.4) ? this.leader : dice.maybe(running);
    if (victim !== undefined && dice.chance(plan.crashes)) this.#crashSoon(victim, unitsPerTick);
    // Power fails for many at once.
    if (dice.chance(plan.crashes / 4)) for (const peer of running) if (dice.chance(0.7)) this.#crashSoon(peer, 2);
    for (const peer of all) if (dice.chance(plan.restarts)) this.#restart(peer);
    if (dice.chance(plan.partitions)) this.#partition();
    if (dice.chance(plan.heals)) this.network.heal();
    if (dice.chance(plan.partitions / 3)) {
      const paused = this.leader ?? dice.pick(all);
      paused.pausedUntil = this.events.now + dice.between(10, 250);
    }
    if (dice.chance(plan.resets)) this.network.breakLink(dice.pick(all).id, dice.pick(all).id);
  }

  #partition(): void {
    const { dice } = this;
    this.counts.partitions += 1;
    const ids = [...this.peers.keys()];
    const leader = this.leader?.id;
    const some = dice.chance(0.4) && leader !== undefined ? [leader] : ids.filter(() => dice.chance(0.4));
    const others = ids.filter((id) => !some.includes(id));
    this.trace?.(0, `cut ${some.join(',')} | ${others.join(',')}`);
    const direction = dice.between(0, 3);
    if (direction !== 1) this.network.block(some, others);
    if (direction !== 2) this.network.block(others, some);
  }

  /** Clients and operators. */
  #use(): void {
    const { dice, plan } = this;
    const any = [...this.peers.values()].filter(({ id }) => this.isRunning(id));
    const whole = Math.floor(plan.proposals);
    const proposals = whole + (dice.chance(plan.proposals - whole) ? 1 : 0);
    for (let count = 0; count < proposals; count += 1) {
      // A leader that was deposed without knowing it is asked too.
      const asked = dice.maybe(any.filter(({ raft }) => raft.status().role === 'leader'));
      if (asked?.propose((this.#nextId += 1)) === true) this.counts.proposals += 1;
    }
    if (dice.chance(plan.reads)) dice.maybe(any)?.read((this.#nextId += 1));
    if (dice.chance(plan.memberChanges)) this.#changeMembers();
    if (dice.chance(plan.transfers)) {
      const outcome = this.leader;
      outcome?.input((raft) => {
        if (raft.transferLeader(dice.pick([...this.peers.keys()])).kind === 'accepted') this.counts.transfers += 1;
      });
    }
    if (dice.chance(plan.snapshotRequests)) dice.maybe(any)?.input((raft) => raft.requestSnapshot());
  }

  #changeMembers(): void {
    const leaders = [...this.peers.values()].filter(({ id, raft }) => {
      return this.isRunning(id) && raft.status().role === 'leader';
    });
    const peer = this.dice.pick([...this.peers.keys()]);
    const kind = this.dice.pick<ConfChangeKind>(['add-learner', 'promote', 'add-voter', 'remove']);
    const context = new Uint8Array([1]);
    this.dice.maybe(leaders)?.input((raft) => raft.proposeConfChange({ kind, peer, context }));
  }

  /** Everything is mended: a leader must come, take a proposal, and bring everyone to the same state. */
  #recover(): void {
    this.trace?.(0, 'everything is mended');
    this.network.becomePerfect();
    this.mended = true;
    for (const peer of this.peers.values()) {
      peer.pausedUntil = 0;
      this.#restart(peer);
    }
    let proposedIn: number | null = null;
    for (let tick = 1; tick <= recoveryTicks; tick += 1) {
      this.runFor(unitsPerTick);
      const { leader } = this;
      if (leader === undefined) continue;
      const { term } = leader.raft.status();
      if (proposedIn === term && this.#agreesWith(leader)) {
        this.#checkAcknowledged();
        return;
      }
      if (proposedIn !== term && leader.propose((this.#nextId += 1))) proposedIn = term;
    }
    throw new InvariantViolation(`liveness: no agreement within ${recoveryTicks} ticks after everything was mended`);
  }

  #agreesWith(leader: SimulatedPeer): boolean {
    const { confState, lastIndex } = leader.raft.status();
    return [...confState.voters, ...confState.learners].every((id) => {
      const peer = this.peers.get(id);
      return peer?.applied === lastIndex && peer.digest === leader.digest;
    });
  }

  #checkAcknowledged(): void {
    for (const [index, id] of this.#acknowledged) {
      const kept = this.invariants.committedAt(index);
      if (kept === undefined || dataId(kept.entry.data) !== id) {
        throw new InvariantViolation(`the acknowledged proposal ${id} at ${index} is lost`);
      }
    }
  }
}
