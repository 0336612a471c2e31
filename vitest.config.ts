import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'node/test/**/*.test.ts',
      'operator/test/**/*.test.ts',
      'examples/test/**/*.test.ts',
      'bench/test/**/*.test.ts',
      'e2e/harness/**/*.test.ts',
      'e2e/cluster/**/*.test.ts',
    ],
    // Processes are started and killed in some tests, on machines with two busy cores.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Each file gets a process, because the native addon is configured once per process.
    pool: 'forks',
    maxWorkers: 2,
  },
});
