/**
 * Prints how many tests passed, failed and were skipped, over the log of the C++ programs and vitest's report.
 *   node scripts/count-tests.mjs LOG REPORT
 * Exits with 1 when something failed or nothing ran.
 */
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';

const [log, report] = process.argv.slice(2);
const totals = { passed: 0, failed: 0, skipped: 0 };

// The closing line of a doctest program: "[doctest] test cases:  12 |  12 passed | 0 failed | 0 skipped".
for (const [, passed, failed, skipped] of readFileSync(log, 'utf8').matchAll(
  /\[doctest\] test cases: +\d+ \| +(\d+) passed \| +(\d+) failed \| +(\d+) skipped/g,
)) {
  totals.passed += Number(passed);
  totals.failed += Number(failed);
  totals.skipped += Number(skipped);
}

if (existsSync(report)) {
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
  totals.passed += numPassedTests;
  totals.failed += numFailedTests;
  totals.skipped += numPendingTests;
}

console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;
