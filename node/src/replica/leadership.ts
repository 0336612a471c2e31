/**
 * One term of leading a shard on this node. It begins when the metadata names this node (or, directly,
 * when there is no quorum), and ends with the first view that does not. Before it sends a replica its
 * first operation the replica has accepted it; see "Taking over" in docs/internals/cluster.md.
 */
import type { PeerId } from '../metadata/peer-id.js';
import type { ClockTag } from '../shard/clock-tag.js';
import type { MissedWritesLedger } from './missed-writes-ledger.js';
import { pause, type ReplicaClock } from './replica-clock.js';
import { ReplicaRefused, type RangeReplacement, type RemoteReplicas, type ShardTarget } from './remote-replicas.js';
import { hasEveryWrite, takesWrites, updateLeaderOf, type ShardView } from './shard-view.js';
import { judgeRefusedFollower, leftOutByDirectLeader, receiversOf } from './write-plan.js';

export interface LeadershipOptions {
  /** How long a replica may take to accept a leader. */
  readonly acceptTimeoutMs: number;
  /** How long a replica may take for one operation; longer, and it has missed it. */
  readonly followTimeoutMs: number;
  /** Operations on their way to one replica; the shard's next write waits beyond. */
  readonly bytesInFlightMax: number;
}

/** What a term needs of the replica set that it belongs to. */
export interface LeadershipContext {
  readonly self: PeerId;
  readonly remote: RemoteReplicas;
  readonly ledger: MissedWritesLedger;
  readonly clock: ReplicaClock;
  readonly options: LeadershipOptions;
  readonly view: () => ShardView;
  readonly target: () => ShardTarget;
  /** Whether the metadata has come so far, in time. */
  readonly reached: (index: number, timeoutMs: number) => Promise<boolean>;
  /** Another replica knows that this one lacks writes. */
  readonly selfMissed: () => void;
  /** There is somebody new to be reported. */
  readonly missed: () => void;
}

/** What became of an operation at one replica. */
export type FollowerAnswer =
  | { readonly kind: 'taken'; readonly peer: PeerId }
  /** The metadata took the replica out of the writes meanwhile. */
  | { readonly kind: 'gone'; readonly peer: PeerId }
  | { readonly kind: 'missed'; readonly peer: PeerId; readonly error: unknown };

/** Thrown by a term that is over: the write starts again with whoever leads now. */
export class LeadershipLost extends Error {
  override readonly name = 'LeadershipLost';

  constructor() {
    super('This node does not lead the shard any more');
  }
}

/** One stay of a replica among those that follow. */
interface Following {
  readonly peer: PeerId;
  bytesInFlight: number;
  /** It was one when it accepted this leader, and has noted who is left out. */
  readonly sourceOfTruth: boolean;
  /** The metadata took it out of the writes since. */
  gone: boolean;
}

const retryPauseMs = 50;

export class Leadership {
  readonly direct: boolean;
  readonly #context: LeadershipContext;
  /** Replicas that accepted this leader. */
  readonly #joined = new Map<PeerId, Following>();
  /** Those, and earlier ones that answers may still come from. */
  readonly #followings = new Set<Following>();
  /** Missed writes, and not everybody who must know of it knows. */
  readonly #unsettled = new Set<PeerId>();
  /** Active replicas that may hold something else than this one, from before this term. */
  readonly #unverified = new Set<PeerId>();
  #settling: Promise<void> | null = null;
  #answered: (() => void)[] = [];
  #tick: number;
  #lost = false;

  constructor(context: LeadershipContext, newestTick: number, direct: boolean) {
    this.#context = context;
    this.#tick = newestTick;
    this.direct = direct;
    const view = context.view();
    for (const peer of receiversOf(view, context.self, new Set(), direct)) {
      if (hasEveryWrite(view, peer)) this.#unverified.add(peer);
    }
    if (direct) for (const peer of leftOutByDirectLeader(view, context.self)) this.#unsettled.add(peer);
    for (const peer of context.ledger.peers) this.#unsettled.add(peer);
  }

  get lost(): boolean {
    return this.#lost;
  }

  end(): void {
    this.#lost = true;
    this.#wake();
  }

  /** To be called with every new view, in order. */
  noteView(view: ShardView): void {
    const { self } = this.#context;
    const leader = updateLeaderOf(view);
    if (this.direct ? leader === self || !hasEveryWrite(view, self) : leader !== self) this.end();
    const receivers = new Set(receiversOf(view, self, this.#leftOut(), this.direct));
    // A replica that comes back has to accept the leader again, and is copied from the beginning.
    for (const [peer, { sourceOfTruth }] of this.#joined) {
      if (!receivers.has(peer) || sourceOfTruth !== hasEveryWrite(view, peer)) this.#joined.delete(peer);
    }
    for (const peer of this.#unsettled) if (!takesWrites(view, peer)) this.#unsettled.delete(peer);
    for (const following of this.#followings) {
      if (takesWrites(view, following.peer)) continue;
      following.gone = true;
      this.#followings.delete(following);
    }
    for (const peer of this.#unverified) if (!hasEveryWrite(view, peer)) this.#unverified.delete(peer);
  }

  check(): void {
    if (this.#lost) throw new LeadershipLost();
  }

  /** Active replicas that have to be compared with this one. */
  get unverified(): readonly PeerId[] {
    return [...this.#unverified];
  }

  markVerified(peer: PeerId): void {
    this.#unverified.delete(peer);
  }

  /** Whether everything that this leader wrote since it accepted it is on this replica, or on its way. */
  follows(peer: PeerId): boolean {
    return !this.#lost && this.#joined.has(peer);
  }

  /** Whether an operation of this size can be sent at once to all that have to get it. */
  prepared(bytes: number): boolean {
    for (const peer of this.#receivers()) {
      const joined = this.#joined.get(peer);
      if (joined === undefined || this.#full(joined.bytesInFlight, bytes)) return false;
    }
    return true;
  }

  /** How many replicas get what is sent now. */
  get followers(): number {
    return this.#receivers().filter((peer) => this.#joined.has(peer)).length;
  }

  /** Waits until `prepared`, with a bound: who does not answer in time is left out. Throws LeadershipLost. */
  async prepare(bytes: number): Promise<void> {
    for (;;) {
      this.check();
      const receivers = this.#receivers();
      const fresh = receivers.filter((peer) => !this.#joined.has(peer));
      if (fresh.length > 0) await Promise.all(fresh.map((peer) => this.#join(peer)));
      else if (receivers.some((peer) => this.#full(this.#joined.get(peer)?.bytesInFlight ?? 0, bytes))) {
        await new Promise<void>((resolve) => this.#answered.push(resolve));
      } else return;
    }
  }

  nextTag(): ClockTag {
    this.#tick += 1;
    return { peer: this.#context.self, clock: 0, tick: this.#tick };
  }

  /** To all that follow, in the order of the calls. To be called without a pause after `prepared` was true. */
  send(operation: Uint8Array, wait: boolean): readonly Promise<FollowerAnswer>[] {
    const { remote, options } = this.#context;
    return this.#receivers().map((peer) =>
      this.#track(peer, operation.byteLength, (target) =>
        remote.follow(peer, target, operation, { wait, direct: this.direct, timeoutMs: options.followTimeoutMs }),
      ),
    );
  }

  sendReplacement(peer: PeerId, change: RangeReplacement): Promise<FollowerAnswer> {
    const { remote, options } = this.#context;
    return this.#track(peer, change.operation.byteLength, (target) =>
      remote.replaceRange(peer, target, change, options.followTimeoutMs),
    );
  }

  /** Leaves them out from now on. Nothing that they lack may be acknowledged before `settled`. */
  leaveOut(peers: readonly PeerId[]): void {
    if (peers.length === 0) return;
    for (const peer of peers) {
      this.#unsettled.add(peer);
      this.#joined.delete(peer);
      this.#unverified.delete(peer);
    }
    this.#wake();
    // Whoever acknowledges something waits for it too, and tries again when this failed.
    this.settled().catch(() => undefined);
  }

  /** Resolves when every replica that was left out is noted durably, here and where it matters. */
  async settled(): Promise<void> {
    while (this.#unsettled.size > 0) {
      this.#settling ??= this.#settle().finally(() => {
        this.#settling = null;
      });
      await this.#settling;
    }
  }

  #leftOut(): ReadonlySet<PeerId> {
    const { peers } = this.#context.ledger;
    return this.#unsettled.size === 0 ? peers : new Set([...peers, ...this.#unsettled]);
  }

  #receivers(): readonly PeerId[] {
    return receiversOf(this.#context.view(), this.#context.self, this.#leftOut(), this.direct);
  }

  #full(inFlight: number, bytes: number): boolean {
    return inFlight > 0 && inFlight + bytes > this.#context.options.bytesInFlightMax;
  }

  #wake(): void {
    const waiting = this.#answered;
    this.#answered = [];
    for (const resolve of waiting) resolve();
  }

  /** Notes first, then tells the sources of truth that remain, so that any of them may lead next. */
  async #settle(): Promise<void> {
    const { ledger, view } = this.#context;
    const batch = [...this.#unsettled];
    // A note about a replica that the metadata has taken out already would keep it out when it comes back.
    await ledger.add(
      batch.filter((peer) => takesWrites(view(), peer)),
      view().index,
    );
    this.#context.missed();
    const told = [...this.#joined.keys()].filter((peer) => hasEveryWrite(view(), peer));
    await Promise.all(told.map((peer) => this.#announceTo(peer)));
    this.check();
    for (const peer of batch) this.#unsettled.delete(peer);
  }

  async #announceTo(peer: PeerId): Promise<void> {
    if ((await this.#announce(peer, () => this.#joined.has(peer))) === 'missed') this.leaveOut([peer]);
  }

  async #join(peer: PeerId): Promise<void> {
    const { ledger } = this.#context;
    const wanted = (): boolean => this.#receivers().includes(peer);
    for (;;) {
      const version = ledger.version;
      switch (await this.#announce(peer, wanted)) {
        case 'gone':
          return;
        case 'missed':
          this.leaveOut([peer]);
          return;
        case 'accepted':
          // Who was left out while the answer was on its way has to be known there too.
          if (ledger.version !== version) continue;
          try {
            await ledger.leadsAt(this.#context.view().index);
          } catch {
            // Without a place to write nothing can be led: the next operation tries again, and fails by the same.
            this.end();
          }
          if (wanted()) this.#admit(peer);
          return;
      }
    }
  }

  #admit(peer: PeerId): void {
    const sourceOfTruth = hasEveryWrite(this.#context.view(), peer);
    const following = { peer, bytesInFlight: 0, sourceOfTruth, gone: false };
    this.#joined.set(peer, following);
    this.#followings.add(following);
  }

  async #announce(peer: PeerId, wanted: () => boolean): Promise<'accepted' | 'gone' | 'missed'> {
    const { remote, ledger, clock, options } = this.#context;
    const deadlineMs = clock.now() + options.acceptTimeoutMs;
    while (!this.#lost && wanted()) {
      const leftMs = deadlineMs - clock.now();
      if (leftMs <= 0) return 'missed';
      try {
        const announcement = { without: [...new Set([...ledger.peers, ...this.#unsettled])], direct: this.direct };
        const { newestTick } = await remote.acceptLeader(peer, this.#context.target(), announcement, leftMs);
        this.#tick = Math.max(this.#tick, newestTick);
        return 'accepted';
      } catch (error) {
        if (!(await this.#mayAskAgain(error, leftMs))) return 'missed';
      }
    }
    return 'gone';
  }

  async #mayAskAgain(error: unknown, leftMs: number): Promise<boolean> {
    if (!(error instanceof ReplicaRefused)) return false;
    switch (judgeRefusedFollower(error.refusal, error.metadataIndex, this.#context.view().index).kind) {
      case 'look-again':
        return this.#context.reached(error.metadataIndex, leftMs);
      case 'later':
        await pause(this.#context.clock, Math.min(retryPauseMs, leftMs));
        return true;
      case 'step-down':
        this.end();
        this.#context.selfMissed();
        return true;
      case 'missed':
        return false;
    }
  }

  #track(peer: PeerId, bytes: number, call: (target: ShardTarget) => Promise<unknown>): Promise<FollowerAnswer> {
    const following = this.#joined.get(peer);
    if (following === undefined) return Promise.resolve({ kind: 'gone', peer });
    following.bytesInFlight += bytes;
    const left = (): void => {
      following.bytesInFlight -= bytes;
      this.#wake();
    };
    return call(this.#context.target()).then(
      () => {
        left();
        return { kind: 'taken', peer } as const;
      },
      async (error: unknown) => {
        left();
        return this.#judge(following, error);
      },
    );
  }

  async #judge(following: Following, error: unknown): Promise<FollowerAnswer> {
    const { peer } = following;
    const { options } = this.#context;
    if (error instanceof ReplicaRefused) {
      const judged = judgeRefusedFollower(error.refusal, error.metadataIndex, this.#context.view().index);
      if (judged.kind === 'look-again') await this.#context.reached(error.metadataIndex, options.acceptTimeoutMs);
      if (judged.kind === 'step-down') {
        this.end();
        this.#context.selfMissed();
      }
    }
    return following.gone ? { kind: 'gone', peer } : { kind: 'missed', peer, error };
  }
}
