import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { snapshotPieceBytes } from '../../src/consensus/raft-transport.js';
import { encodeState, initialState, skipped } from '../../src/consensus/replicated-state.js';
import { piecesOf, SnapshotAssembler } from '../../src/consensus/snapshot-pieces.js';
import { apply } from '../../src/metadata/apply.js';
import { firstPeerMetadata } from '../../src/metadata/metadata-state.js';
import type { SnapshotMessage } from '../../src/raft/message.js';
import { create } from './cluster-assertions.js';

/** A snapshot of some megabytes. */
function message(index = 40): SnapshotMessage {
  const created = create('a', 1);
  if (created.kind !== 'create-collection') throw new Error('it creates a collection');
  const text = randomBytes(1_500_000).toString('hex');
  const { state } = apply(firstPeerMetadata(1), { ...created, config: { ...created.config, metadata: text } });
  const data = encodeState(skipped(initialState(state), index));
  const meta = { index, term: 3, confState: { voters: [1], learners: [2] } };
  return { type: 'snapshot', from: 1, to: 2, term: 4, snapshot: { meta, data } };
}

describe('a snapshot in pieces', () => {
  it('is whole with the last of them', () => {
    const sent = message();
    const pieces = [...piecesOf(sent)];
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.every(({ data }) => data.length <= snapshotPieceBytes)).toBe(true);
    const assembler = new SnapshotAssembler(2);
    const taken = pieces.map((piece) => assembler.take(1, piece));
    expect(taken.slice(0, -1).every((whole) => whole === null)).toBe(true);
    const { snapshot, ...envelope } = taken.at(-1)!;
    // Compared by hand: an assertion would look at each of the bytes.
    expect(Buffer.compare(snapshot.data, sent.snapshot.data)).toBe(0);
    expect({ ...envelope, meta: snapshot.meta }).toEqual({
      ...{ type: 'snapshot', from: 1, to: 2, term: 4 },
      meta: sent.snapshot.meta,
    });
  });

  it('does not mix with that of another sender', () => {
    const [one, other] = [[...piecesOf(message())], [...piecesOf({ ...message(41), from: 3 })]];
    const assembler = new SnapshotAssembler(2);
    const last = one.map((piece, place) => [assembler.take(1, piece), assembler.take(3, other[place]!)]).at(-1)!;
    expect(last.map((whole) => whole?.snapshot.meta.index)).toEqual([40, 41]);
  });

  it('begins again with its first piece', () => {
    const pieces = [...piecesOf(message())];
    const assembler = new SnapshotAssembler(2);
    assembler.take(1, pieces[0]!);
    assembler.take(1, pieces[1]!);
    expect(pieces.map((piece) => assembler.take(1, piece)).at(-1)).not.toBeNull();
  });

  it('is refused when a piece is missing, doubled, or of another snapshot', () => {
    const [first, second, third] = [...piecesOf(message())];
    const other = [...piecesOf(message(41))][1]!;
    const table = [
      [first!, third!],
      [first!, second!, second!],
      [second!],
      [first!, other],
      [first!, { ...second!, data: new Uint8Array() }],
      [first!, { ...second!, totalBytes: second!.totalBytes + 1 }],
    ];
    for (const pieces of table) {
      const assembler = new SnapshotAssembler(2);
      for (const piece of pieces.slice(0, -1)) assembler.take(1, piece);
      expect(() => assembler.take(1, pieces.at(-1)!)).toThrow(/does not follow/);
    }
  });

  it('is refused when it is not what its label says', () => {
    const sent = message();
    const wrong = { ...sent, snapshot: { ...sent.snapshot, meta: { ...sent.snapshot.meta, index: 39 } } };
    const assembler = new SnapshotAssembler(2);
    const pieces = [...piecesOf(wrong)];
    for (const piece of pieces.slice(0, -1)) assembler.take(1, piece);
    expect(() => assembler.take(1, pieces.at(-1)!)).toThrow(/another index/);
  });
});
