export interface EventLoopDelay {
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** The event-loop delay since the last look at /metrics; null when the node reports none. */
export function readEventLoopDelay(metrics: string): EventLoopDelay | null {
  const p99 = quantile(metrics, '0.99');
  const max = quantile(metrics, '1');
  return p99 === null || max === null ? null : { p99Ms: p99 * 1000, maxMs: max * 1000 };
}

function quantile(metrics: string, name: string): number | null {
  const pattern = new RegExp(`^\\w*event_loop_delay_seconds\\{quantile="${name}"\\} (\\S+)$`, 'm');
  const value = pattern.exec(metrics)?.[1];
  return value === undefined ? null : Number(value);
}
