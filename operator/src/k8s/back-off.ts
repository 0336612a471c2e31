const firstMs = 500;
const mostMs = 30_000;

/** Doubles with every failure, and spreads those who failed together; never less than the server asks for. */
export function backOffMs(failures: number, random: () => number, retryAfterMs: number | null): number {
  const fullMs = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 10));
  return Math.max(fullMs * (0.5 + random() / 2), (retryAfterMs ?? 0) * (1 + random() / 10));
}
