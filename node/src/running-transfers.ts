/** The copying of shards that a node of a cluster does: what it needs of the node, and what people hear of it. */
import type { Logger } from 'pino';
import type { LocalCollections } from './collection/local-collections.js';
import { processClock } from './replica/replica-clock.js';
import type { RunningCluster } from './running-cluster.js';
import type { Settings } from './settings/settings.js';
import { ledShards } from './transfer/led-shards.js';
import { ShardTransfers } from './transfer/shard-transfers.js';
import { defaultTransferLimits, type TransferEvent } from './transfer/transfer-options.js';

export function shardTransfers(
  { consensus, remote }: RunningCluster,
  collections: LocalCollections,
  { storage }: Settings,
  logger: Logger,
): ShardTransfers {
  const { incoming_shard_transfers_limit: incoming, outgoing_shard_transfers_limit: outgoing } = storage.performance;
  return new ShardTransfers(
    {
      ...{ consensus, remote, shards: ledShards(collections) },
      clock: processClock,
      random: Math.random,
      limits: defaultTransferLimits,
      onEvent: (event) => log(logger, event),
    },
    { limits: { incoming, outgoing }, leaderKnown: () => consensus.status().leader !== null },
  );
}

function log(logger: Logger, event: TransferEvent): void {
  switch (event.kind) {
    case 'copied':
      logger.info(event, 'A shard was copied');
      return;
    case 'given-up':
      logger.warn(event, 'A transfer was given up');
      return;
    case 'failed':
      logger.warn(event, 'A transfer failed and is tried again');
      return;
    case 'repaired-range':
      logger.warn(event, 'Replicas differed, and were made equal');
      return;
  }
}
