/**
 * What Raft replicates: the metadata, and the newest proposals of each peer with what became of them, by which
 * a proposal that is in the log twice is applied once. A value: `applied` gives the next one.
 */
import { apply } from '../metadata/apply.js';
import { decodeMetadata, encodeMetadata, MetadataFormatError } from '../metadata/metadata-file.js';
import type { Applied } from '../metadata/metadata-operation.js';
import type { MetadataState } from '../metadata/metadata-state.js';
import { isPeerId, type PeerId } from '../metadata/peer-id.js';
import type { ProposalEntry } from './proposal-entry.js';

/** Proposals of one process. */
interface Session {
  readonly incarnation: number;
  /** Proposals below are answered, or given up: whichever of them comes now comes too late. */
  readonly oldest: number;
  /** By number, from `oldest` on. */
  readonly outcomes: ReadonlyMap<number, Applied>;
}

/** More outcomes than this are not kept for one peer, whatever it says of its oldest: the proposer stays well below. */
export const outcomesMax = 4096;

const format = 1;

export interface ReplicatedState {
  readonly metadata: MetadataState;
  readonly sessions: ReadonlyMap<PeerId, Session>;
}

export function initialState(metadata: MetadataState): ReplicatedState {
  return { metadata, sessions: new Map() };
}

/** For entries that hold no operation. */
export function skipped(state: ReplicatedState, index: number): ReplicatedState {
  return { ...state, metadata: { ...state.metadata, appliedIndex: index } };
}

/** `applied` is null when the proposal came too late, is there twice, or is of a peer that was removed. */
export function applied(
  state: ReplicatedState,
  { id, oldest, operation }: ProposalEntry,
  index: number,
): { readonly state: ReplicatedState; readonly applied: Applied | null } {
  const session = state.sessions.get(id.peer);
  const known = session?.incarnation === id.incarnation ? session : null;
  const late =
    state.metadata.removedPeers.has(id.peer) ||
    (session !== undefined && session.incarnation > id.incarnation) ||
    (known !== null && (id.number < known.oldest || known.outcomes.has(id.number)));
  if (late) return { state: skipped(state, index), applied: null };
  const next = apply(state.metadata, operation, index);
  const outcomes = new Map(known?.outcomes).set(id.number, next.applied);
  let floor = Math.max(known?.oldest ?? 1, oldest);
  if (outcomes.size > outcomesMax) floor = Math.max(floor, Math.min(...outcomes.keys()) + 1);
  for (const number of outcomes.keys()) if (number < floor) outcomes.delete(number);
  const sessions = new Map(state.sessions).set(id.peer, { incarnation: id.incarnation, oldest: floor, outcomes });
  // Whoever was removed proposes nothing any more.
  for (const peer of sessions.keys()) if (next.state.removedPeers.has(peer)) sessions.delete(peer);
  return { state: { metadata: next.state, sessions }, applied: next.applied };
}

/** What became of a proposal whose entry this node did not apply itself, since it got a snapshot instead. */
export function outcomeOf(state: ReplicatedState, peer: PeerId, incarnation: number, number: number): Applied | null {
  const session = state.sessions.get(peer);
  return session?.incarnation === incarnation ? (session.outcomes.get(number) ?? null) : null;
}

export function encodeState({ metadata, sessions }: ReplicatedState): Buffer {
  const list = [...sessions].map(([peer, { incarnation, oldest, outcomes }]) => ({
    ...{ peer, incarnation, oldest },
    outcomes: [...outcomes].map(([number, { index, rejection }]) => ({ number, index, rejection })),
  }));
  return Buffer.from(JSON.stringify({ format, sessions: list, metadata: encodeMetadata(metadata) }), 'utf8');
}

/** Throws `MetadataFormatError`. It comes from a file of this node or from the leader. */
export function decodeState(data: Uint8Array): ReplicatedState {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8'));
  } catch {
    throw new MetadataFormatError('the snapshot is not JSON');
  }
  const file: { format?: unknown; sessions?: unknown; metadata?: unknown } =
    typeof value === 'object' && value !== null ? value : {};
  if (file.format !== format) {
    throw new MetadataFormatError(
      `the snapshot has format ${String(file.format)}, and this version reads format ${format}`,
    );
  }
  if (typeof file.metadata !== 'string' || !Array.isArray(file.sessions)) {
    throw new MetadataFormatError('the snapshot is not whole');
  }
  return { metadata: decodeMetadata(file.metadata), sessions: new Map(file.sessions.map(decodeSession)) };
}

function decodeSession(value: unknown): [PeerId, Session] {
  const {
    peer,
    incarnation,
    oldest,
    outcomes,
  }: Partial<Record<'peer' | 'incarnation' | 'oldest' | 'outcomes', unknown>> =
    typeof value === 'object' && value !== null ? value : {};
  if (
    !isPeerId(peer) ||
    typeof incarnation !== 'number' ||
    typeof oldest !== 'number' ||
    !Array.isArray(outcomes) ||
    !outcomes.every(isOutcome)
  ) {
    throw new MetadataFormatError('the proposals of a peer in the snapshot are not whole');
  }
  return [
    peer,
    {
      ...{ incarnation, oldest },
      outcomes: new Map(outcomes.map(({ number, index, rejection }) => [number, { index, rejection }])),
    },
  ];
}

function isOutcome(value: unknown): value is Applied & { readonly number: number } {
  if (typeof value !== 'object' || value === null) return false;
  const { number, index, rejection } = value as { number?: unknown; index?: unknown; rejection?: unknown };
  return typeof number === 'number' && typeof index === 'number' && typeof rejection === 'object';
}
