/**
 * A Lease elects a leader, but holds nothing back: a request of a leader that was frozen goes out when it wakes. So
 * what takes something away is sent only while the lead is known to outlast the call.
 */

/** The lead, as its holder knows it. */
export interface Fence {
  /** How long it lasts yet by the monotonic clock, counted from before the last renewal was sent. 0: it is lost. */
  remainingMs(): number;
  /** How often the Lease has changed hands. */
  readonly transitions: number;
}

/** The lead ended, or might end while the call is under way. Nothing was sent; the process gives up leading. */
export class LeaseTooShort extends Error {
  override readonly name = 'LeaseTooShort';

  constructor(remainingMs: number, neededMs: number) {
    super(`The lead lasts ${Math.max(0, Math.round(remainingMs))} ms yet, and ${neededMs} ms are needed`);
  }
}

/** To be asked right before the call, after the intent has been written: what is frozen in between is seen here. */
export function assertLeadOutlasts(fence: Fence, callTimeoutMs: number): void {
  const neededMs = 2 * callTimeoutMs;
  const remainingMs = fence.remainingMs();
  if (remainingMs < neededMs) throw new LeaseTooShort(remainingMs, neededMs);
}

/** Every other write needs no more than the lead itself. */
export function assertLeads(fence: Fence): void {
  const remainingMs = fence.remainingMs();
  if (remainingMs <= 0) throw new LeaseTooShort(remainingMs, 0);
}
