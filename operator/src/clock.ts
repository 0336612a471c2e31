/** Time, as the shell of the operator gets it: passed in, so that the simulated world runs on a clock of its own. */
export interface Clock {
  /** Since 1970. For people and for what is compared with Kubernetes' times; it may jump. */
  nowMs(): number;
  /** Never goes back and does not stop while the process is frozen. For deadlines and the Lease. */
  monotonicMs(): number;
  /** Rejects with the signal's reason when that is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
