import { defineConfig } from 'vitest/config';

/** Scenarios on a real Kubernetes; `make e2e` starts one around them, and `make test` leaves them out. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    // One operator at a time may act, and processes of three nodes share two processors.
    fileParallelism: false,
    pool: 'forks',
    testTimeout: 300_000,
    hookTimeout: 180_000,
  },
});
