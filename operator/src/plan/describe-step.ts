/** A step in a sentence, for the log, events and the status. The same step always gives the same sentence. */
import type { ShardMove } from '../qdrant/qdrant-api.js';
import type { Step } from './step.js';

export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'grant-start':
      return step.grant.kind === 'bootstrap'
        ? `Let ${step.pod.name} begin the cluster`
        : `Let ${step.pod.name} join through ${step.grant.uris.join(', ')}`;
    case 'write-claim':
      return `Write down that peer ${step.claim.peer} at ordinal ${step.claim.ordinal} began the cluster`;
    case 'label-volume':
      return `Mark ${step.volume.name} as the volume of peer ${step.peer}`;
    case 'set-serving':
      return step.serving
        ? `Let the client Service send requests to ${step.pod.name}`
        : `Take ${step.pod.name} out of the client Service`;
    case 'move-shard':
      return because(`Move ${between(step.move)}`, step.why);
    case 'replicate-shard':
      return because(`Copy ${between(step.copy)}`, step.why);
    case 'abort-transfer':
      return because(`Abort the transfer of ${between(step.transfer)}`, step.why);
    case 'drop-replica':
      return because(`Drop the replica of ${step.collection}/${step.shard} on peer ${step.peer}`, step.why);
    case 'remove-peer':
      return because(`Remove peer ${step.peer} from the cluster${step.force ? ' by force' : ''}`, step.why);
    case 'detach-volume':
      return `Mark ${step.volume.name} as detached: its peer left the cluster`;
    case 'delete-volume':
      return because(`Delete the volume claim ${step.volume.name}`, step.why);
    case 'delete-pod':
      return because(`Delete the pod ${step.pod.name}`, step.why);
    case 'shrink':
      return because(`Shrink the set to ${pods(step.to)}`, step.why);
    case 'grow':
      return because(`Grow the set to ${pods(step.to)}`, step.why);
  }
}

function because(what: string, why: string): string {
  return why === '' ? what : `${what}: ${why}`;
}

function between(move: ShardMove): string {
  return `${move.collection}/${move.shard} from peer ${move.from} to peer ${move.to}`;
}

function pods(count: number): string {
  return count === 1 ? '1 pod' : `${count} pods`;
}
