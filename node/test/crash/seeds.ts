/**
 * How long the failure tests go on. `make test` takes a few seeds of each; CRASH_SEEDS asks for more,
 * and CRASH_FIRST_SEED names the first, to repeat a failure.
 */
const first = Number(process.env['CRASH_FIRST_SEED'] ?? 1);

export function crashSeeds(usual: number): readonly number[] {
  const count = Number(process.env['CRASH_SEEDS'] ?? usual);
  return Array.from({ length: count }, (_, index) => first + index);
}

/** The deadline of a test that takes `oneMs` for each seed on a slow machine. */
export function deadlineMs(seeds: readonly number[], oneMs: number): number {
  return 30_000 + seeds.length * oneMs;
}
