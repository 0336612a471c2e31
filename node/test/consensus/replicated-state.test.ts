import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProposalEntry } from '../../src/consensus/proposal-entry.js';
import { decodeProposal, encodeProposal, ProposalFormatError } from '../../src/consensus/proposal-entry.js';
import {
  applied,
  decodeState,
  encodeState,
  initialState,
  outcomeOf,
  outcomesMax,
  type ReplicatedState,
} from '../../src/consensus/replicated-state.js';
import { MetadataFormatError } from '../../src/metadata/metadata-file.js';
import type { Applied } from '../../src/metadata/metadata-operation.js';
import { firstPeerMetadata } from '../../src/metadata/metadata-state.js';
import { create } from './cluster-assertions.js';

const begin = initialState(firstPeerMetadata(1, 'http://one:6335/'));

const proposal = (number: number, { peer = 1, incarnation = 1, oldest = 1 } = {}): ProposalEntry => ({
  id: { peer, incarnation, number },
  oldest,
  operation: create(`${peer}-${incarnation}-${number}`, 1),
});

function run(list: readonly ProposalEntry[], from: ReplicatedState = begin): [ReplicatedState, (Applied | null)[]] {
  const outcomes: (Applied | null)[] = [];
  let state = from;
  for (const entry of list) {
    const next = applied(state, entry, state.metadata.appliedIndex + 1);
    state = next.state;
    outcomes.push(next.applied);
  }
  return [state, outcomes];
}

const created = ([state]: ReturnType<typeof run>): readonly string[] => [...state.metadata.collections.keys()];

describe('a proposal', () => {
  it('is applied once, however often it is in the log', () => {
    const result = run([proposal(1), proposal(2), proposal(1), proposal(2), proposal(1)]);
    expect(created(result)).toEqual(['1-1-1', '1-1-2']);
    expect(result[1].map((outcome) => outcome?.index ?? null)).toEqual([1, 2, null, null, null]);
    expect(result[0].metadata.appliedIndex).toBe(5);
  });

  it('is applied before an older one that was overtaken', () => {
    expect(created(run([proposal(2), proposal(1)]))).toEqual(['1-1-2', '1-1-1']);
  });

  it('is not applied when nobody waits for it any more', () => {
    expect(created(run([proposal(5, { oldest: 4 }), proposal(3), proposal(4)]))).toEqual(['1-1-5', '1-1-4']);
  });

  it('is not applied when its process has ended and another proposes for the peer', () => {
    expect(created(run([proposal(1, { incarnation: 2 }), proposal(9)]))).toEqual(['1-2-1']);
  });

  it('is one of its peer', () => {
    expect(created(run([proposal(1), proposal(1, { peer: 2 })]))).toEqual(['1-1-1', '2-1-1']);
  });

  it('of a peer that was removed is not applied', () => {
    const [state] = run([
      { id: { peer: 1, incarnation: 1, number: 1 }, oldest: 1, operation: { kind: 'add-peer', peer: 2, uri: 'x' } },
      {
        id: { peer: 1, incarnation: 1, number: 2 },
        oldest: 1,
        operation: { kind: 'remove-peer', peer: 2, force: true },
      },
    ]);
    const result = run([proposal(1, { peer: 2 })], state);
    expect(result[1]).toEqual([null]);
  });

  it('has an outcome as long as its process may ask for it', () => {
    const [state] = run([proposal(1), proposal(2), proposal(3, { oldest: 2 })]);
    expect(outcomeOf(state, 1, 1, 1)).toBeNull();
    expect(outcomeOf(state, 1, 1, 2)).toEqual({ index: 2, rejection: null });
    expect(outcomeOf(state, 1, 2, 3)).toBeNull();
    expect(outcomeOf(state, 9, 1, 1)).toBeNull();
  });

  it('takes no room for ever from a process that waits for ever', () => {
    const [state] = run(Array.from({ length: outcomesMax + 10 }, (_, place) => proposal(place + 1)));
    expect(state.sessions.get(1)?.outcomes.size).toBe(outcomesMax);
  });
});

describe('the state', () => {
  const entries = fc.array(
    fc
      .record({
        number: fc.integer({ min: 1, max: 12 }),
        back: fc.nat(11),
        peer: fc.integer({ min: 1, max: 2 }),
        incarnation: fc.integer({ min: 1, max: 2 }),
      })
      .map(({ number, back, peer, incarnation }) =>
        proposal(number, { peer, incarnation, oldest: Math.max(1, number - back) }),
      ),
    { maxLength: 30, size: 'max' },
  );

  it('goes on after a snapshot as it would have without', () => {
    fc.assert(
      fc.property(entries, entries, (before, after) => {
        const [state] = run(before);
        const copy = decodeState(encodeState(state));
        expect(copy).toEqual(state);
        expect(run(after, copy)).toEqual(run(after, state));
      }),
      { seed: 20_261_121, numRuns: 200 },
    );
  });

  it('never applies a proposal twice', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const [state, outcomes] = run(list);
        expect(outcomes.filter((outcome) => outcome?.rejection === null).length).toBe(state.metadata.collections.size);
        expect(outcomes.every((outcome) => (outcome?.rejection ?? null) === null)).toBe(true);
      }),
      { seed: 20_261_121, numRuns: 200 },
    );
  });

  it.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['another format', '{"format":2}'],
    ['no metadata', '{"format":1,"sessions":[]}'],
    ['half a session', JSON.stringify({ format: 1, sessions: [{ peer: 1 }], metadata: '{}' })],
  ])('is refused when it is %s', (_name, text) => {
    expect(() => decodeState(Buffer.from(text))).toThrow(MetadataFormatError);
  });
});

describe('an entry', () => {
  it('is read as it was written', () => {
    expect(decodeProposal(encodeProposal(proposal(3, { oldest: 2 })))).toEqual(proposal(3, { oldest: 2 }));
  });

  it.each([
    ['no JSON', 'x'],
    ['a list', '[]'],
    ['without an id', '{"oldest":1,"op":{"kind":"delete-collection","collection":1}}'],
    ['with an id of another form', '{"id":"1:1","oldest":1,"op":{"kind":"delete-collection","collection":1}}'],
    ['newer than its oldest', '{"id":[1,1,1],"oldest":2,"op":{"kind":"delete-collection","collection":1}}'],
    ['of an unknown kind', '{"id":[1,1,1],"oldest":1,"op":{"kind":"later"}}'],
    [
      'with a field too many',
      '{"id":[1,1,1],"oldest":1,"op":{"kind":"delete-collection","collection":1,"force":true}}',
    ],
  ])('is refused when it is %s', (_name, text) => {
    expect(() => decodeProposal(Buffer.from(text))).toThrow(ProposalFormatError);
  });
});
