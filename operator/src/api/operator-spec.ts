/** `spec.operator`: what this operator adds to Qdrant's resource, under one key so that nothing collides. */
import { choice, count, duration, flag, section } from './schema-parts.js';

export const operatorSpec = section('How this operator goes about its work. Not part of the resource of Qdrant.', {
  drain: section('How a node is emptied before it is removed.', {
    timeout: duration('After how long a drain that has not ended is reported; it goes on.').exactOptional(),
    maxConcurrentTransfers: count('Transfers at a time from one node.', 1, 100).exactOptional(),
    forbidReplicaLoss: flag('Refuse a size below the highest replication factor in use.').exactOptional(),
  }).exactOptional(),
  deadPeer: section('What is done about a node whose volume is lost.', {
    detectAfter: duration('How long a node has to be gone before it counts as dead.').exactOptional(),
    action: choice('Recover: replace it when no data is lost by that. Manual: only report it.', [
      'Recover',
      'Manual',
    ]).exactOptional(),
    allowDataLoss: flag('Replace it even when last replicas are lost by that.').exactOptional(),
  }).exactOptional(),
  persistentVolumeClaimRetention: section('What becomes of data volumes.', {
    whenScaled: choice('Of a node that was emptied and removed.', ['Delete', 'Retain']).exactOptional(),
    whenDeleted: choice('Of all nodes when the cluster is deleted.', ['Delete', 'Retain']).exactOptional(),
  }).exactOptional(),
  rollout: section('How nodes are restarted for a new version or new settings.', {
    order: choice('Which nodes come first.', ['HighestOrdinalFirst', 'LowestOrdinalFirst']).exactOptional(),
    minHealthySeconds: count('How long a node has to be healthy before the next one.', 0, 86_400).exactOptional(),
  }).exactOptional(),
  backup: section('Where backups go.', {}).exactOptional(),
});
