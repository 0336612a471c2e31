/** Time as a replica set sees it: the process's own, or that of a simulation. */
export interface ReplicaClock {
  /** Milliseconds that only grow. */
  now(): number;
  /** Runs `work` once after `delayMs`. Returns what takes it back. A waiting call keeps no process alive. */
  after(delayMs: number, work: () => void): () => void;
}

export const processClock: ReplicaClock = {
  now: () => performance.now(),
  after: (delayMs, work) => {
    const timer = setTimeout(work, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export function pause(clock: ReplicaClock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
