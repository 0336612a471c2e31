import { setTimeout as timer } from 'node:timers/promises';
import type { Clock } from './clock.js';

/** The machine's clocks. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => Number(process.hrtime.bigint() / 1_000_000n),
  sleep: (ms, signal) => timer(ms, undefined, signal === undefined ? {} : { signal }),
};
