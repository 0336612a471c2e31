/**
 * What operations look like when they come from a disk or another peer. Nothing is left out that is not
 * known: a peer that skipped a part of an operation would not have the state that the others have.
 */
import { z } from 'zod';
import { collectionChangeSchema, collectionConfigSchema, fieldIndexSchema } from './config-schema.js';
import type { MetadataOperation } from './metadata-operation.js';
import { transferMethods } from './metadata-state.js';
import { peerIdMax } from './peer-id.js';
import { replicaStates } from './replica-state.js';

export const peerIdSchema = z.int().min(1).max(peerIdMax);
export const shardIdSchema = z.int().min(0);
const collection = z.int().min(1);
const transfer = z.int().min(1);
const state = z.enum(replicaStates);

export const metadataOperationSchema: z.ZodType<MetadataOperation> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('create-collection'),
    name: z.string(),
    config: collectionConfigSchema,
    placement: z.array(z.array(peerIdSchema)),
  }),
  z.strictObject({ kind: z.literal('update-collection'), collection, change: collectionChangeSchema }),
  z.strictObject({ kind: z.literal('delete-collection'), collection }),
  z.strictObject({ kind: z.literal('create-field-index'), collection, index: fieldIndexSchema }),
  z.strictObject({ kind: z.literal('delete-field-index'), collection, path: z.string() }),
  z.strictObject({ kind: z.literal('add-peer'), peer: peerIdSchema, uri: z.string().min(1) }),
  z.strictObject({ kind: z.literal('suspend-peer'), peer: peerIdSchema }),
  z.strictObject({ kind: z.literal('remove-peer'), peer: peerIdSchema, force: z.boolean() }),
  z.strictObject({
    kind: z.literal('update-peer'),
    peer: peerIdSchema,
    uri: z.string().min(1).exactOptional(),
    version: z.string().exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('activate-replicas'),
    collection,
    peer: peerIdSchema,
    shards: z.array(shardIdSchema),
  }),
  z.strictObject({
    kind: z.literal('set-replica-state'),
    collection,
    shard: shardIdSchema,
    peer: peerIdSchema,
    state,
    from: state.nullable(),
    seen: z.int().min(0).nullable(),
  }),
  z.strictObject({ kind: z.literal('drop-replica'), collection, shard: shardIdSchema, peer: peerIdSchema }),
  z.strictObject({
    kind: z.literal('start-transfer'),
    collection,
    shard: shardIdSchema,
    from: peerIdSchema,
    to: peerIdSchema,
    sync: z.boolean(),
    method: z.enum(transferMethods),
  }),
  z.strictObject({ kind: z.literal('finish-transfer'), collection, transfer }),
  z.strictObject({ kind: z.literal('abort-transfer'), collection, transfer, reason: z.string() }),
]);
