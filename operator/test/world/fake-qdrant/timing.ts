/** How long things take in the simulated cluster, on the virtual clock: short, but never nothing. */
export interface Timing {
  /** From the start of a process until it serves. */
  readonly startMs: number;
  readonly commitMs: number;
  /** Until a follower has what was committed: so long its view is an old one. */
  readonly applyMs: number;
  readonly electionMs: number;
  /** Until a learner is made a voter. */
  readonly promoteMs: number;
  readonly activateMs: number;
  readonly transferMs: number;
  /** A Dead replica waits this long before it asks for a copy. */
  readonly recoverMs: number;
  /** A proposal without a leader fails after this, as does a call that is not answered. */
  readonly proposalMs: number;
  readonly joinRetryMs: number;
  readonly joinTimeoutMs: number;
}

export const defaultTiming: Timing = {
  startMs: 300,
  commitMs: 4,
  applyMs: 15,
  electionMs: 1500,
  promoteMs: 200,
  activateMs: 20,
  transferMs: 1000,
  recoverMs: 500,
  proposalMs: 10_000,
  joinRetryMs: 500,
  joinTimeoutMs: 15_000,
};

/** How long a caller waits for an answer that does not come. */
export const callTimeoutMs = { read: 3_000, change: 15_000 } as const;
