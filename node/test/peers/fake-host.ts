/** A host of replicas that notes what it is asked and answers as a test says. */
import type { ScrollPage, ScrollRequest, SearchRequest } from '../../src/engine/addon.js';
import type { PeerId } from '../../src/metadata/peer-id.js';
import type {
  CountRequest,
  FollowOptions,
  ForwardOptions,
  IdRange,
  LeaderAcceptance,
  LeaderAnnouncement,
  MissedWrites,
  RangeDigest,
  RangeReplacement,
  ReplicaHost,
  ReplicaInfo,
  RetrieveRequest,
  ShardTarget,
  ShardWrite,
} from '../../src/replica/remote-replicas.js';
import type { WriteResult } from '../../src/shard/write-result.js';

export type HostMethod = keyof ReplicaHost;

export interface HostCall {
  readonly method: HostMethod;
  readonly from: PeerId;
  readonly arguments: readonly unknown[];
}

/** What a test has in place of an answer that is always the same. */
export type Reaction = (call: HostCall) => unknown;

export class FakeHost implements ReplicaHost {
  readonly calls: HostCall[] = [];
  readonly #reactions = new Map<HostMethod, Reaction>();

  /** Throws or rejects for what a caller shall get as an error. */
  on(method: HostMethod, reaction: Reaction): void {
    this.#reactions.set(method, reaction);
  }

  operations(): string[] {
    const written = this.calls.filter(({ method }) => method === 'follow');
    return written.map((call) => Buffer.from(call.arguments[1] as Uint8Array).toString());
  }

  forward(from: PeerId, target: ShardTarget, write: ShardWrite, options: ForwardOptions): Promise<WriteResult> {
    return this.#answer('forward', from, [target, write, options], { status: 'acknowledged', sequence: 1 });
  }

  acceptLeader(
    from: PeerId,
    target: ShardTarget,
    announcement: LeaderAnnouncement,
    timeoutMs: number,
  ): Promise<LeaderAcceptance> {
    return this.#answer('acceptLeader', from, [target, announcement, timeoutMs], { newestTick: 0 });
  }

  follow(from: PeerId, target: ShardTarget, operation: Uint8Array, options: FollowOptions): Promise<WriteResult> {
    return this.#answer('follow', from, [target, operation, options], { status: 'acknowledged', sequence: 1 });
  }

  replaceRange(from: PeerId, target: ShardTarget, change: RangeReplacement, timeoutMs: number): Promise<void> {
    return this.#answer('replaceRange', from, [target, change, timeoutMs], undefined);
  }

  search(from: PeerId, target: ShardTarget, request: SearchRequest, timeoutMs: number): Promise<Buffer> {
    return this.#answer('search', from, [target, request, timeoutMs], Buffer.alloc(0));
  }

  retrieve(from: PeerId, target: ShardTarget, request: RetrieveRequest, timeoutMs: number): Promise<Buffer> {
    return this.#answer('retrieve', from, [target, request, timeoutMs], Buffer.alloc(0));
  }

  scroll(from: PeerId, target: ShardTarget, request: ScrollRequest, timeoutMs: number): Promise<ScrollPage> {
    return this.#answer('scroll', from, [target, request, timeoutMs], { points: Buffer.alloc(0), next: null });
  }

  count(from: PeerId, target: ShardTarget, request: CountRequest, timeoutMs: number): Promise<number> {
    return this.#answer('count', from, [target, request, timeoutMs], 0);
  }

  info(from: PeerId, target: ShardTarget, timeoutMs: number): Promise<ReplicaInfo> {
    const info: ReplicaInfo = {
      status: { color: 'green' },
      points: 0,
      vectors: 0,
      indexedVectors: 0,
      fieldIndexes: [],
    };
    return this.#answer('info', from, [target, timeoutMs], info);
  }

  rangeDigest(from: PeerId, target: ShardTarget, range: IdRange, timeoutMs: number): Promise<RangeDigest> {
    const digest: RangeDigest = { digest: Buffer.alloc(16), count: 0, last: null, more: false };
    return this.#answer('rangeDigest', from, [target, range, timeoutMs], digest);
  }

  missedWrites(from: PeerId, timeoutMs: number): Promise<readonly MissedWrites[]> {
    return this.#answer<readonly MissedWrites[]>('missedWrites', from, [timeoutMs], []);
  }

  #answer<T>(method: HostMethod, from: PeerId, args: readonly unknown[], usual: T): Promise<T> {
    const call = { method, from, arguments: args };
    this.calls.push(call);
    const reaction = this.#reactions.get(method);
    return new Promise((resolve) => resolve((reaction === undefined ? usual : reaction(call)) as T));
  }
}
