/** What tests do to single calls, and the list of all calls that were made. */
export type CallName =
  | 'cluster'
  | 'ready'
  | 'version'
  | 'collections'
  | 'collection'
  | 'moveShard'
  | 'replicateShard'
  | 'abortTransfer'
  | 'dropReplica'
  | 'removePeer';

export interface FakeCall {
  readonly atMs: number;
  readonly pod: string;
  readonly name: CallName;
  /** What it is about, for people: a collection, a shard and its peers. */
  readonly about: string;
  readonly changes: boolean;
}

/** `effect`: the node did what it was asked to, and the answer was lost. */
export type CallFault =
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'timeout'; readonly effect: boolean }
  | { readonly kind: 'failed'; readonly effect: boolean }
  /** The answer is good, and nothing was done: a transfer that gets lost. */
  | { readonly kind: 'lost' };

/** Asked for each call, before it reaches the node. */
export type FaultRule = (call: FakeCall) => CallFault | null;
