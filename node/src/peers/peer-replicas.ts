/** `RemoteReplicas` over the channels to the peers. */
import type { ScrollPage, ScrollRequest, SearchRequest } from '../engine/addon.js';
import type { PeerId } from '../metadata/peer-id.js';
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
  RemoteReplicas,
  ReplicaInfo,
  RetrieveRequest,
  ShardTarget,
  ShardWrite,
} from '../replica/remote-replicas.js';
import type { WriteResult } from '../shard/write-result.js';
import { ShardsDefinition } from './generated/p2p/shard.js';
import type { PeerChannels } from './peer-channels.js';
import { methodPath } from '../grpc/raw-service-definition.js';
import { RequestLane } from './request-lane.js';
import {
  toAcceptance,
  toCount,
  toDigest,
  toInfo,
  toMissedWrites,
  toPoints,
  toReplaced,
  toScrollPage,
  toWriteResult,
} from './shard-answers.js';
import {
  acceptLeaderRequest,
  countRequest,
  followRequest,
  forwardRequest,
  infoRequest,
  missedWritesRequest,
  rangeDigestRequest,
  replaceRangeRequest,
  retrieveRequest,
  scrollRequest,
  searchRequest,
  type AnswerResult,
  type OutgoingRequest,
} from './shard-requests.js';

interface Lanes {
  /** In order: writes of a leader to its replicas. */
  readonly write: RequestLane;
  readonly ask: RequestLane;
}

const writePath = methodPath(ShardsDefinition, ShardsDefinition.methods.write);
const askPath = methodPath(ShardsDefinition, ShardsDefinition.methods.ask);

export class PeerReplicas implements RemoteReplicas {
  readonly #channels: PeerChannels;
  /** For forwards whose client sets no limit. */
  readonly #timeoutMs: number;

  constructor(channels: PeerChannels, timeoutMs: number) {
    this.#channels = channels;
    this.#timeoutMs = timeoutMs;
  }

  async forward(peer: PeerId, target: ShardTarget, write: ShardWrite, options: ForwardOptions): Promise<WriteResult> {
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
    return toWriteResult(await this.#ask(peer, forwardRequest(target, write, options), timeoutMs));
  }

  async follow(peer: PeerId, target: ShardTarget, operation: Uint8Array, options: FollowOptions): Promise<WriteResult> {
    return toWriteResult(await this.#write(peer, followRequest(target, operation, options), options.timeoutMs));
  }

  async acceptLeader(
    peer: PeerId,
    target: ShardTarget,
    announcement: LeaderAnnouncement,
    timeoutMs: number,
  ): Promise<LeaderAcceptance> {
    return toAcceptance(await this.#write(peer, acceptLeaderRequest(target, announcement), timeoutMs));
  }

  async replaceRange(peer: PeerId, target: ShardTarget, change: RangeReplacement, timeoutMs: number): Promise<void> {
    toReplaced(await this.#write(peer, replaceRangeRequest(target, change), timeoutMs));
  }

  async search(peer: PeerId, target: ShardTarget, request: SearchRequest, timeoutMs: number): Promise<Buffer> {
    return toPoints(await this.#ask(peer, searchRequest(target, request), timeoutMs));
  }

  async retrieve(peer: PeerId, target: ShardTarget, request: RetrieveRequest, timeoutMs: number): Promise<Buffer> {
    return toPoints(await this.#ask(peer, retrieveRequest(target, request), timeoutMs));
  }

  async scroll(peer: PeerId, target: ShardTarget, request: ScrollRequest, timeoutMs: number): Promise<ScrollPage> {
    return toScrollPage(await this.#ask(peer, scrollRequest(target, request), timeoutMs));
  }

  async count(peer: PeerId, target: ShardTarget, request: CountRequest, timeoutMs: number): Promise<number> {
    return toCount(await this.#ask(peer, countRequest(target, request), timeoutMs));
  }

  async info(peer: PeerId, target: ShardTarget, timeoutMs: number): Promise<ReplicaInfo> {
    return toInfo(await this.#ask(peer, infoRequest(target), timeoutMs));
  }

  async rangeDigest(peer: PeerId, target: ShardTarget, range: IdRange, timeoutMs: number): Promise<RangeDigest> {
    return toDigest(await this.#ask(peer, rangeDigestRequest(target, range), timeoutMs));
  }

  async missedWrites(peer: PeerId, timeoutMs: number): Promise<readonly MissedWrites[]> {
    return toMissedWrites(await this.#ask(peer, missedWritesRequest(), timeoutMs));
  }

  /** Called synchronously by the methods above, so that their order is that of the stream. */
  #write(peer: PeerId, request: OutgoingRequest, timeoutMs: number): Promise<AnswerResult> {
    return this.#lanes(peer).write.call(request, timeoutMs);
  }

  #ask(peer: PeerId, request: OutgoingRequest, timeoutMs: number): Promise<AnswerResult> {
    return this.#lanes(peer).ask.call(request, timeoutMs);
  }

  readonly #lanesOf = new WeakMap<object, Lanes>();

  #lanes(peer: PeerId): Lanes {
    const channel = this.#channels.to(peer);
    let lanes = this.#lanesOf.get(channel);
    if (lanes === undefined) {
      lanes = { write: new RequestLane(channel, writePath), ask: new RequestLane(channel, askPath) };
      this.#lanesOf.set(channel, lanes);
    }
    return lanes;
  }
}
