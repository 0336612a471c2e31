/** Messages and Readies as lines that people read. */
import { decodeConfChange } from '../../src/raft/conf-change.js';
import type { ConfState } from '../../src/raft/conf-change.js';
import type { Entry, EntryId } from '../../src/raft/entry.js';
import type { Message } from '../../src/raft/message.js';
import type { Ready } from '../../src/raft/ready.js';

/** An entry is named index/term. */
export const describeId = ({ index, term }: EntryId): string => `${index}/${term}`;

export function describeMembers({ voters, learners }: ConfState): string {
  const tail = learners.length === 0 ? '' : ` learners ${learners.join(',')}`;
  return `voters ${voters.join(',')}${tail}`;
}

export function describeEntry(entry: Entry, text: (data: Uint8Array) => string): string {
  switch (entry.kind) {
    case 'empty':
      return `${describeId(entry)} empty`;
    case 'normal':
      return `${describeId(entry)} "${text(entry.data)}"`;
    case 'conf-change': {
      const change = decodeConfChange(entry.data);
      return `${describeId(entry)} ${change === null ? 'unknown change' : `${change.kind} ${change.peer}`}`;
    }
  }
}

export function describeMessage(message: Message, text: (data: Uint8Array) => string): string {
  return `${message.from}->${message.to} ${message.type} t${message.term}${details(message, text)}`;
}

function details(message: Message, text: (data: Uint8Array) => string): string {
  switch (message.type) {
    case 'append': {
      const entries = message.entries.map((entry) => describeEntry(entry, text)).join(', ');
      return ` after ${describeId(message.previous)} commit ${message.commit} [${entries}]`;
    }
    case 'append-response':
      return message.rejected === null
        ? ` has ${message.index}`
        : ` lacks ${message.index}, perhaps equal to ${describeId(message.rejected)}`;
    case 'heartbeat':
      return ` commit ${message.commit} round ${message.round}`;
    case 'heartbeat-response':
      return ` commit ${message.commit} round ${message.round}`;
    case 'pre-vote':
    case 'vote':
      return ` last ${describeId(message.last)}${message.cause === 'timeout' ? '' : ` because of ${message.cause}`}`;
    case 'pre-vote-response':
    case 'vote-response':
      return message.granted ? ' granted' : ` refused, knows ${describeId(message.commit)} as committed`;
    case 'snapshot':
      return ` ${describeId(message.snapshot.meta)} ${describeMembers(message.snapshot.meta.confState)}`;
    case 'snapshot-request':
      return ` at or beyond ${message.index}`;
    case 'timeout-now':
      return '';
    case 'read-index':
      return ` #${message.context}`;
    case 'read-index-response':
      return ` #${message.context} index ${message.index}`;
  }
}

export function describeReady(ready: Ready, text: (data: Uint8Array) => string): string[] {
  const { hardState, snapshot, softState } = ready;
  const lines: string[] = [];
  if (softState !== null)
    lines.push(`${softState.role} of t${softState.term}, leader ${softState.leader ?? 'unknown'}`);
  if (hardState !== null) {
    lines.push(`writes t${hardState.term} vote ${hardState.vote ?? 'none'} commit ${hardState.commit}`);
  }
  if (snapshot !== null) {
    lines.push(`installs snapshot ${describeId(snapshot.meta)} ${describeMembers(snapshot.meta.confState)}`);
  }
  for (const entry of ready.entries) lines.push(`appends ${describeEntry(entry, text)}`);
  for (const message of ready.messages) lines.push(`sends ${describeMessage(message, text)}`);
  for (const message of ready.messagesAfterPersistence) lines.push(`once on disk ${describeMessage(message, text)}`);
  for (const entry of ready.committed) lines.push(`applies ${describeEntry(entry, text)}`);
  if (ready.confirmedReads.length > 0) lines.push(`confirms reads ${ready.confirmedReads.join(', ')}`);
  if (ready.abortedReads.length > 0) lines.push(`aborts reads ${ready.abortedReads.join(', ')}`);
  return lines;
}
