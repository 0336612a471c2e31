/**
 * Which shards move so that every peer has as many as every other, by count.
 *
 * Evenness is sought in three scopes, the narrower first: among the shards of one shard key, of one collection, of
 * all. A move is made where its donor has at least two more than its recipient in the scope, and at least one more in
 * each narrower scope. So it makes the sum of the squared counts smaller in its scope and larger in no narrower one:
 * with the three sums compared in order every move is a step down, and there are finitely many. At the end no two
 * peers differ by two in any scope when all replicas may be moved: a donor that has more in a scope has more in some
 * part of it, and there a shard that the recipient lacks. No move brings more replicas of a shard into one zone:
 * that they don't fail together is worth more than evenness, which unequal zones may then not reach.
 */
import { compareShards, compareText, inZoneOf, zonesOf } from './placed-shard.js';
import type { PlacedShard, PlacementPeer, ShardCopy } from './placed-shard.js';
import { ReplicaCounts, type Scope } from './replica-counts.js';

export interface BalanceRequest {
  readonly shards: readonly PlacedShard[];
  /** Those between whom shards move. Replicas on others count for nobody, and stay. */
  readonly peers: readonly PlacementPeer[];
}

export interface BalanceMove extends ShardCopy {
  /** What it makes more even, and how many replicas both have of that before it. */
  readonly scope: Scope;
  readonly donorHas: number;
  readonly recipientHas: number;
}

/** A shard while the plan is made. */
interface Piece {
  readonly shard: PlacedShard;
  /** Peers with a replica, and whether it is Active. */
  readonly holders: Map<string, boolean>;
}

interface Pair {
  readonly donor: PlacementPeer;
  readonly recipient: PlacementPeer;
  readonly difference: number;
}

interface Candidate {
  readonly piece: Piece;
  readonly pair: Pair;
  /** How many more replicas of the shard share a zone after the move. */
  readonly zoneCost: number;
}

interface Board {
  readonly peers: readonly PlacementPeer[];
  readonly zones: ReadonlyMap<string, string>;
  readonly counts: ReplicaCounts;
}

/**
 * All moves, in their order. What comes after the first is what would be planned once it is made. The order of the
 * input does not matter. No replica is ever dropped, and no peer gets a second one of a shard.
 */
export function planBalance(request: BalanceRequest): readonly BalanceMove[] {
  const peers = [...new Map(request.peers.map((peer) => [peer.id, peer])).values()].filter((peer) => peer.available);
  peers.sort((a, b) => compareText(a.id, b.id));
  const board: Board = { peers, zones: zonesOf(request.peers), counts: new ReplicaCounts(request.shards) };
  const pieces = request.shards.toSorted(compareShards).map((shard): Piece => ({
    shard,
    holders: new Map(shard.replicas.map(({ peer, active }) => [peer, active])),
  }));
  const byCollection = groupsBy(pieces, ({ shard }) => shard.collection);
  const byKey = byCollection.flatMap((group) => groupsBy(group, ({ shard }) => shard.shardKey));
  return [
    ...byKey.flatMap((group) => even(board, 'shard-key', group)),
    ...byCollection.flatMap((group) => even(board, 'collection', group)),
    ...even(board, 'all', pieces),
  ];
}

/** Plays moves until the scope is even. */
function even(board: Board, scope: Scope, pieces: readonly Piece[]): readonly BalanceMove[] {
  const moves: BalanceMove[] = [];
  for (let next = nextMove(board, scope, pieces); next !== null; next = nextMove(board, scope, pieces)) {
    const { piece, pair } = next;
    const { collection, shard } = piece.shard;
    const from = pair.donor.id;
    const to = pair.recipient.id;
    moves.push({
      collection,
      shard,
      from,
      to,
      scope,
      donorHas: board.counts.of(scope, piece.shard, from),
      recipientHas: board.counts.of(scope, piece.shard, to),
    });
    piece.holders.delete(from);
    piece.holders.set(to, true);
    board.counts.remove(piece.shard, from);
    board.counts.add(piece.shard, to);
  }
  return moves;
}

function nextMove(board: Board, scope: Scope, pieces: readonly Piece[]): Candidate | null {
  for (const pairs of unevenPairs(board, scope, pieces)) {
    let best: Candidate | null = null;
    for (const candidate of candidates(board, scope, pieces, pairs)) {
      if (best === null || compareCandidates(board, candidate, best) < 0) best = candidate;
      // Among the shards of all collections the first will do: there may be many thousands, for as many moves.
      if (scope === 'all') break;
    }
    if (best !== null) return best;
  }
  return null;
}

/**
 * Pairs to choose from, those that differ the most first. Within a shard key all pairs that differ by the same are
 * weighed against each other, for the sake of zones; in wider scopes, with many shards, it is one pair after another.
 */
function unevenPairs(board: Board, scope: Scope, pieces: readonly Piece[]): readonly (readonly Pair[])[] {
  const first = pieces[0];
  if (first === undefined) return [];
  const has = board.peers.map((peer) => ({ peer, count: board.counts.of(scope, first.shard, peer.id) }));
  const pairs = has.flatMap((donor) =>
    has
      .filter((recipient) => donor.count - recipient.count >= 2)
      .map((recipient): Pair => ({
        donor: donor.peer,
        recipient: recipient.peer,
        difference: donor.count - recipient.count,
      })),
  );
  pairs.sort(
    (a, b) =>
      b.difference - a.difference ||
      totalDifference(board, b) - totalDifference(board, a) ||
      compareText(a.donor.id, b.donor.id) ||
      compareText(a.recipient.id, b.recipient.id),
  );
  return scope === 'shard-key' ? groupsBy(pairs, ({ difference }) => difference) : pairs.map((pair) => [pair]);
}

function* candidates(
  board: Board,
  scope: Scope,
  pieces: readonly Piece[],
  pairs: readonly Pair[],
): Generator<Candidate> {
  for (const piece of pieces) {
    for (const pair of pairs) {
      const { donor, recipient } = pair;
      if (piece.holders.get(donor.id) !== true || piece.holders.has(recipient.id)) continue;
      if (!narrower(scope).every((part) => differenceIn(board, part, piece, pair) >= 1)) continue;
      const others = [...piece.holders.keys()].filter((holder) => holder !== donor.id);
      const zoneCost = inZoneOf(recipient, others, board.zones) - inZoneOf(donor, others, board.zones);
      if (zoneCost > 0) continue;
      yield { piece, pair, zoneCost };
    }
  }
}

/** A total order, so that equal states give equal plans. Where all else is the same, wider scopes get more even too. */
function compareCandidates(board: Board, a: Candidate, b: Candidate): number {
  return (
    a.zoneCost - b.zoneCost ||
    differenceIn(board, 'collection', b.piece, b.pair) - differenceIn(board, 'collection', a.piece, a.pair) ||
    totalDifference(board, b.pair) - totalDifference(board, a.pair) ||
    compareShards(a.piece.shard, b.piece.shard) ||
    compareText(a.pair.donor.id, b.pair.donor.id) ||
    compareText(a.pair.recipient.id, b.pair.recipient.id)
  );
}

/** In the order of their first members. */
function groupsBy<T>(items: readonly T[], keyOf: (item: T) => string | number | null): readonly (readonly T[])[] {
  const groups = new Map<string | number | null, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

function narrower(scope: Scope): readonly Scope[] {
  switch (scope) {
    case 'shard-key':
      return [];
    case 'collection':
      return ['shard-key'];
    case 'all':
      return ['shard-key', 'collection'];
  }
}

function differenceIn({ counts }: Board, scope: Scope, { shard }: Piece, { donor, recipient }: Pair): number {
  return counts.of(scope, shard, donor.id) - counts.of(scope, shard, recipient.id);
}

function totalDifference({ counts }: Board, { donor, recipient }: Pair): number {
  return counts.total(donor.id) - counts.total(recipient.id);
}
