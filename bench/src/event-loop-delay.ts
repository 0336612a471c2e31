export interface EventLoopDelay {
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** The event-loop delay that the node reports in /metrics, in seconds there; null when it reports none. */
export function readEventLoopDelay(metrics: string): EventLoopDelay | null {
  const p99 = gauge(metrics, /^\w*event_?loop\w*_p99(?:_seconds)?(?:\{[^}]*\})? (\S+)$/m);
  const max = gauge(metrics, /^\w*event_?loop\w*_max(?:_seconds)?(?:\{[^}]*\})? (\S+)$/m);
  return p99 === null || max === null ? null : { p99Ms: p99 * 1000, maxMs: max * 1000 };
}

function gauge(metrics: string, pattern: RegExp): number | null {
  const value = pattern.exec(metrics)?.[1];
  return value === undefined ? null : Number(value);
}
