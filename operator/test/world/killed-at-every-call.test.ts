/** An operator that dies at whichever of its calls is replaced by one that goes on, and nothing is done twice. */
import { expect, test } from 'vitest';
import { killedAtEveryCall } from './every-call.js';
import { creation, scaleDown, scaleUp } from './stories.js';

test('while a cluster is created', async () => {
  const calls = await killedAtEveryCall(creation);
  expect(calls).toBeGreaterThan(20);
}, 120_000);

test('while a cluster grows', async () => {
  const calls = await killedAtEveryCall(scaleUp);
  expect(calls).toBeGreaterThan(20);
}, 120_000);

test('while a cluster shrinks', async () => {
  const calls = await killedAtEveryCall(scaleDown);
  expect(calls).toBeGreaterThan(20);
}, 120_000);
