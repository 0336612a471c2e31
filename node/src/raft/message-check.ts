/** Refuses what no correct peer sends, before any of it is believed. */
import type { ConfState } from './conf-change.js';
import type { Entry, EntryId, Term } from './entry.js';
import type { AppendMessage, Message } from './message.js';

/** No cluster holds so many elections; a term further ahead would use up the numbers that there are. */
const maxTermsAhead = 2 ** 32;
const maxMembers = 10_000;

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const isEntryId = ({ index, term }: EntryId): boolean => isCount(index) && isCount(term);
const isPeer = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;

export function isWellFormed(message: Message, ownTerm: Term): boolean {
  if (!isPeer(message.from) || !isPeer(message.to)) return false;
  if (!isCount(message.term) || message.term < 1 || message.term > ownTerm + maxTermsAhead) return false;
  switch (message.type) {
    case 'append':
      return isWellFormedAppend(message);
    case 'append-response':
      return isCount(message.index) && isWellFormedRejection(message.index, message.rejected);
    case 'heartbeat':
      return isCount(message.commit) && isCount(message.round);
    case 'heartbeat-response':
      return isCount(message.round) && isCount(message.commit);
    case 'pre-vote':
    case 'vote':
      return isEntryId(message.last) && message.last.term < message.term;
    case 'snapshot': {
      const { meta } = message.snapshot;
      return isEntryId(meta) && meta.index > 0 && meta.term <= message.term && isWellFormedConfState(meta.confState);
    }
    case 'snapshot-request':
      return isCount(message.index);
    case 'read-index':
      return isCount(message.context);
    case 'read-index-response':
      return isCount(message.context) && isCount(message.index);
    case 'pre-vote-response':
    case 'vote-response':
      return isEntryId(message.commit);
    case 'timeout-now':
      return true;
  }
}

/** Entries follow `previous` one by one, and terms never fall: otherwise no leader can have had them. */
function isWellFormedAppend({ previous, entries, commit, term }: AppendMessage): boolean {
  if (!isEntryId(previous) || !isCount(commit) || (previous.index === 0) !== (previous.term === 0)) return false;
  let before: EntryId = previous;
  for (const entry of entries) {
    if (entry.index !== before.index + 1 || entry.term < before.term || !isCount(entry.term)) return false;
    before = entry;
  }
  return isCount(before.index) && before.term <= term && entries.every(isOfTerm);
}

/** Term 0 has no leader and so no entries. */
function isOfTerm(entry: Entry): boolean {
  return entry.term >= 1;
}

function isWellFormedRejection(index: number, rejected: EntryId | null): boolean {
  return rejected === null || (isEntryId(rejected) && rejected.index <= index);
}

function isWellFormedConfState({ voters, learners }: ConfState): boolean {
  const peers = new Set([...voters, ...learners]);
  const size = voters.length + learners.length;
  return voters.length > 0 && size <= maxMembers && peers.size === size && [...peers].every(isPeer);
}
