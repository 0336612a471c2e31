/** What tests of clusters propose and look for. */
import { expect } from 'vitest';
import type { MetadataOperation } from '../../src/metadata/metadata-operation.js';
import { config } from '../metadata/operations.js';
import { eventually, type TestPeer } from './network.js';

/** A collection of one shard, with replicas on these peers. */
export const create = (name: string, ...peers: readonly number[]): MetadataOperation => ({
  kind: 'create-collection',
  name,
  config,
  placement: [peers],
});

export const names = (peer: TestPeer): readonly string[] => [...peer.raft.state.collections.keys()].sort();

/** Waits until all have applied the same, and compares what it made of their states. */
export async function same(...peers: readonly TestPeer[]): Promise<void> {
  const applied = (): number[] => peers.map(({ raft }) => raft.state.appliedIndex);
  await eventually(() => new Set(applied()).size === 1, `all have applied the same, not ${applied().join(', ')}`);
  for (const { raft } of peers) expect(raft.state).toEqual(peers[0]!.raft.state);
}
