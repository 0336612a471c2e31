/** Waiting that ends when what it is part of ends. */
import type { ReplicaClock } from '../replica/replica-clock.js';

export class TaskEnded extends Error {
  override readonly name = 'TaskEnded';

  constructor() {
    super('The task was ended');
  }
}

export function checkGoesOn(signal: AbortSignal): void {
  if (signal.aborted) throw new TaskEnded();
}

/** Settles as `promise` does, or rejects with TaskEnded as soon as the task ends; nobody waits for `promise` then. */
export function orEnded<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(new TaskEnded());
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
}

/** Resolves after the delay; rejects with TaskEnded when the task ends before. */
export function pauseOrEnded(clock: ReplicaClock, signal: AbortSignal, delayMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new TaskEnded());
      return;
    }
    const end = (): void => {
      takeBack();
      reject(new TaskEnded());
    };
    const takeBack = clock.after(delayMs, () => {
      signal.removeEventListener('abort', end);
      resolve();
    });
    signal.addEventListener('abort', end, { once: true });
  });
}
