/** Peers have ids from 1 to 2^53 - 1. */
export type PeerId = number;
/** Counts elections; 0 is before the first. */
export type Term = number;
/** Position in the log; the first entry has 1, and 0 is before it. */
export type LogIndex = number;

/**
 * `normal`: a proposal of the driver, whose data raft does not look into.
 * `conf-change`: data is what {@link encodeConfChange} writes; raft applies the change when the entry is applied.
 * `empty`: what a leader begins its term with; the driver applies nothing.
 */
export type EntryKind = 'normal' | 'conf-change' | 'empty';

export interface Entry {
  readonly index: LogIndex;
  readonly term: Term;
  readonly kind: EntryKind;
  readonly data: Uint8Array;
}

/** Names one entry: two logs with the same term at an index are equal up to that index (log matching). */
export interface EntryId {
  readonly index: LogIndex;
  readonly term: Term;
}
