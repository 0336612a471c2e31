/** What consensus asks of other peers besides messages of Raft, on the wire. */
import type { AddPeerAnswer, AddPeerRequest, ProposeAnswer, SnapshotPiece } from '../consensus/raft-transport.js';
import {
  AddPeerAnswer as AddPeerAnswerMessage,
  AddPeerRequest as AddPeerRequestMessage,
  ProposeAnswer as ProposeAnswerMessage,
  ProposeRequest,
  ReachedRequest,
  SnapshotPieceRequest,
} from './generated/p2p/raft.js';
import { RaftFormatError } from './raft-messages.js';

export function encodeSnapshotPiece({ term, meta, totalBytes, offset, data }: SnapshotPiece): Uint8Array {
  const { index, term: lastTerm, confState } = meta;
  return SnapshotPieceRequest.encode({
    term,
    last: { index, term: lastTerm },
    voters: [...confState.voters],
    learners: [...confState.learners],
    totalBytes,
    offset,
    data,
  }).finish();
}

export function decodeSnapshotPiece(bytes: Uint8Array): SnapshotPiece {
  const { term, last, voters, learners, totalBytes, offset, data } = SnapshotPieceRequest.decode(bytes);
  if (last === undefined) throw new RaftFormatError('A piece of a snapshot names no entry');
  return { term, meta: { ...last, confState: { voters, learners } }, totalBytes, offset, data };
}

export function encodeProposal(entries: readonly Uint8Array[]): Uint8Array {
  return ProposeRequest.encode({ entries: [...entries] }).finish();
}

export function decodeProposal(bytes: Uint8Array): readonly Uint8Array[] {
  return ProposeRequest.decode(bytes).entries;
}

export function encodeProposeAnswer(answer: ProposeAnswer): Uint8Array {
  return ProposeAnswerMessage.encode({ result: proposeResult(answer) }).finish();
}

function proposeResult(answer: ProposeAnswer): ProposeAnswerMessage['result'] {
  switch (answer.kind) {
    case 'accepted':
      return { $case: 'accepted', value: {} };
    case 'not-leader':
      return { $case: 'notLeader', value: { leader: answer.leader ?? undefined } };
    case 'busy':
      return { $case: 'busy', value: {} };
  }
}

export function decodeProposeAnswer(bytes: Uint8Array): ProposeAnswer {
  const { result } = ProposeAnswerMessage.decode(bytes);
  switch (result?.$case) {
    case 'accepted':
      return { kind: 'accepted' };
    case 'notLeader':
      return { kind: 'not-leader', leader: result.value.leader ?? null };
    case 'busy':
      return { kind: 'busy' };
    case undefined:
      throw new RaftFormatError('The answer to a proposal has a kind that this version does not know');
  }
}

export function encodeReached(index: number, timeoutMs: number): Uint8Array {
  return ReachedRequest.encode({ index, timeoutMs: Math.max(1, Math.ceil(timeoutMs)) }).finish();
}

export function decodeReached(bytes: Uint8Array): { readonly index: number; readonly timeoutMs: number } {
  return ReachedRequest.decode(bytes);
}

export function encodeAddPeer(request: AddPeerRequest): Uint8Array {
  return AddPeerRequestMessage.encode(request).finish();
}

export function decodeAddPeer(bytes: Uint8Array): AddPeerRequest {
  const { peer, uri } = AddPeerRequestMessage.decode(bytes);
  if (peer < 1) throw new RaftFormatError('A peer that wants to join has no id');
  return { peer, uri };
}

export function encodeAddPeerAnswer(answer: AddPeerAnswer): Uint8Array {
  return AddPeerAnswerMessage.encode({ result: addPeerResult(answer) }).finish();
}

function addPeerResult(answer: AddPeerAnswer): AddPeerAnswerMessage['result'] {
  switch (answer.kind) {
    case 'added':
      return { $case: 'added', value: { cluster: answer.cluster, peers: [...answer.peers] } };
    case 'refused':
      return { $case: 'refused', value: { message: answer.message } };
    case 'failed':
      return { $case: 'failed', value: { message: answer.message } };
  }
}

export function decodeAddPeerAnswer(bytes: Uint8Array): AddPeerAnswer {
  const { result } = AddPeerAnswerMessage.decode(bytes);
  switch (result?.$case) {
    case 'added':
      return { kind: 'added', ...result.value };
    case 'refused':
      return { kind: 'refused', ...result.value };
    case 'failed':
      return { kind: 'failed', ...result.value };
    case undefined:
      throw new RaftFormatError('The answer to a joining peer has a kind that this version does not know');
  }
}
