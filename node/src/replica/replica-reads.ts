/** Reads of a shard by a coordinator: one replica after the other until enough have answered. */
import type { NativeCodec, ScrollPage, ScrollRequest, SearchRequest } from '../engine/addon.js';
import { toServiceError } from '../errors.js';
import type { PeerId } from '../metadata/peer-id.js';
import { compareEncodedIds } from '../payload/point-id.js';
import { agreedCount, readOrder, readPlan, type ReadConsistency, type ReadPlan } from './read-plan.js';
import type { ReplicaClock } from './replica-clock.js';
import { isTransient, notEnoughActiveReplicas, readOperationsFailed } from './replica-errors.js';
import {
  ReplicaRefused,
  type CountRequest,
  type RemoteReplicas,
  type RetrieveRequest,
  type ShardTarget,
} from './remote-replicas.js';
import type { ReplicatedShard } from './replicated-shard.js';
import { answersReads, type ShardView } from './shard-view.js';

export interface ReadOptions {
  readonly consistency: ReadConsistency;
  /** Reads with the same text go to the same replica while it can be read; null: to the one here, if any. */
  readonly routeAffinity: string | null;
  /** null: as long as the set's own limit. */
  readonly timeoutMs: number | null;
}

export interface ReadsContext {
  readonly self: PeerId;
  readonly shard: number;
  readonly remote: RemoteReplicas;
  readonly clock: ReplicaClock;
  readonly random: () => number;
  readonly agreed: NativeCodec['agreed'];
  readonly readTimeoutMs: number;
  readonly view: () => ShardView;
  readonly target: () => ShardTarget;
  readonly reached: (index: number, timeoutMs: number) => Promise<boolean>;
  /** The shard here, when it may be read. */
  readonly readable: () => ReplicatedShard | null;
  readonly missed: () => ReadonlySet<PeerId>;
}

/** The same read of the shard here, or of another peer's. */
interface Read<T> {
  readonly here: (shard: ReplicatedShard) => Promise<T>;
  readonly there: (peer: PeerId, target: ShardTarget, timeoutMs: number) => Promise<T>;
}

/** How often one replica is asked again after it refused by newer metadata. */
const refusalsMax = 3;

export class ReplicaReads {
  readonly #context: ReadsContext;

  constructor(context: ReadsContext) {
    this.#context = context;
  }

  search(request: SearchRequest, options: ReadOptions): Promise<Buffer> {
    const { remote, agreed } = this.#context;
    const read: Read<Buffer> = {
      here: (shard) => shard.search(request),
      there: (peer, target, timeoutMs) => remote.search(peer, target, request, timeoutMs),
    };
    return this.#read(read, options, (batches, agree) => agreed(batches, agree, 'scored'));
  }

  retrieve(request: RetrieveRequest, options: ReadOptions): Promise<Buffer> {
    const { remote, agreed } = this.#context;
    const read: Read<Buffer> = {
      here: (shard) => shard.retrieve(request.ids, request.payload, request.vectors),
      there: (peer, target, timeoutMs) => remote.retrieve(peer, target, request, timeoutMs),
    };
    return this.#read(read, options, (batches, agree) => agreed(batches, agree, 'scored'));
  }

  scroll(request: ScrollRequest, options: ReadOptions): Promise<ScrollPage> {
    const { remote, agreed } = this.#context;
    const read: Read<ScrollPage> = {
      here: (shard) => shard.scroll(request),
      there: (peer, target, timeoutMs) => remote.scroll(peer, target, request, timeoutMs),
    };
    return this.#read(read, options, (pages, agree) => {
      const batches = pages.map(({ points }) => points);
      return { points: agreed(batches, agree, 'id'), next: earliest(pages) };
    });
  }

  count(request: CountRequest, options: ReadOptions): Promise<number> {
    const { remote } = this.#context;
    const read: Read<number> = {
      here: (shard) => shard.count(request.filter, request.exact),
      there: (peer, target, timeoutMs) => remote.count(peer, target, request, timeoutMs),
    };
    return this.#read(read, options, agreedCount);
  }

  #read<T>(read: Read<T>, options: ReadOptions, join: (answers: readonly T[], agree: number) => T): Promise<T> {
    if (options.consistency === 1 && options.routeAffinity === null) {
      const local = this.#context.readable();
      // Nothing stands between the request and the engine, unless there is another replica to fall back to.
      if (local !== null) {
        if (this.#context.view().replicas.length === 1) return read.here(local);
        return read.here(local).catch((error: unknown) => {
          if (!isTransient(toServiceError(error))) throw error;
          return this.#readMany(read, options, join);
        });
      }
    }
    return this.#readMany(read, options, join);
  }

  async #readMany<T>(
    read: Read<T>,
    options: ReadOptions,
    join: (answers: readonly T[], agree: number) => T,
  ): Promise<T> {
    const { clock, readTimeoutMs, self, shard } = this.#context;
    const deadlineMs = clock.now() + (options.timeoutMs ?? readTimeoutMs);
    const attempt = new ReadAttempt(this.#context, read, options.routeAffinity, deadlineMs);
    const plan = (): ReadPlan | null => readPlan(this.#context.view(), options.consistency);
    for (;;) {
      const wanted = plan();
      if (wanted === null) throw attempt.failure() ?? notEnoughActiveReplicas(shard, self);
      const missing = wanted.ask - attempt.answers.length;
      if (missing <= 0) {
        const answers = attempt.answers.slice(0, wanted.ask);
        const [first] = answers;
        return wanted.ask === 1 && first !== undefined ? first : join(answers, wanted.agree);
      }
      if (!(await attempt.ask(missing))) throw attempt.failure() ?? notEnoughActiveReplicas(shard, self);
    }
  }
}

/** The replicas that one read has asked so far. */
class ReadAttempt<T> {
  readonly answers: T[] = [];
  readonly #context: ReadsContext;
  readonly #read: Read<T>;
  readonly #routeAffinity: string | null;
  readonly #deadlineMs: number;
  /** Peers that are not asked again, and how often the others refused. */
  readonly #done = new Set<PeerId>();
  readonly #refusals = new Map<PeerId, number>();
  readonly #errors: unknown[] = [];

  constructor(context: ReadsContext, read: Read<T>, routeAffinity: string | null, deadlineMs: number) {
    this.#context = context;
    this.#read = read;
    this.#routeAffinity = routeAffinity;
    this.#deadlineMs = deadlineMs;
  }

  failure(): Error | null {
    if (this.#errors.length === 0) return null;
    return readOperationsFailed(this.#errors.length, this.#errors.length + this.answers.length, this.#errors[0]);
  }

  /** Asks so many more at once; false when nobody is left. Errors of the request itself are thrown. */
  async ask(count: number): Promise<boolean> {
    const { view, self, readable, missed, random, clock } = this.#context;
    if (clock.now() >= this.#deadlineMs) return false;
    const order = readOrder({
      view: view(),
      self,
      selfServes: readable() !== null,
      missed: missed(),
      routeAffinity: this.#routeAffinity,
      random,
    });
    const peers = order.filter((peer) => !this.#done.has(peer)).slice(0, count);
    if (peers.length === 0) return false;
    await Promise.all(peers.map((peer) => this.#ask(peer)));
    return true;
  }

  async #ask(peer: PeerId): Promise<void> {
    const { self, readable, target, clock } = this.#context;
    this.#done.add(peer);
    const local = peer === self ? readable() : null;
    const leftMs = this.#deadlineMs - clock.now();
    try {
      this.answers.push(local === null ? await this.#read.there(peer, target(), leftMs) : await this.#read.here(local));
    } catch (error) {
      if (error instanceof ReplicaRefused) await this.#refused(peer, error);
      else if (error instanceof Error && 'code' in error && !isTransient(toServiceError(error))) throw error;
      else if (!isTransient(error)) throw error;
      this.#errors.push(error);
    }
  }

  /** By newer metadata the same replica may be asked again, or another one. */
  async #refused(peer: PeerId, { metadataIndex }: ReplicaRefused): Promise<void> {
    const { view, reached, clock } = this.#context;
    const refusals = (this.#refusals.get(peer) ?? 0) + 1;
    this.#refusals.set(peer, refusals);
    if (metadataIndex <= view().index) return;
    if (!(await reached(metadataIndex, this.#deadlineMs - clock.now()))) return;
    if (refusals < refusalsMax && answersReads(view(), peer)) this.#done.delete(peer);
  }
}

/** Where the first of the pages ends: what others hold past it comes with the next page. */
function earliest(pages: readonly ScrollPage[]): Buffer | null {
  const ends = pages.flatMap(({ next }) => (next === null ? [] : [next]));
  ends.sort(compareEncodedIds);
  return ends[0] ?? null;
}
