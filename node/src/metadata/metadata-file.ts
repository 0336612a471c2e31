/** The form in which the metadata is kept on disk and sent whole: JSON with a format version. */
import { z } from 'zod';
import { collectionConfigSchema, fieldIndexSchema } from './config-schema.js';
import { brokenInvariant } from './invariants.js';
import { transferMethods, type MetadataState } from './metadata-state.js';
import { peerIdSchema, shardIdSchema } from './operation-schema.js';
import { replicaStates } from './replica-state.js';

const format = 2;

const index = z.int().min(0);

const collection = z.strictObject({
  id: index,
  name: z.string(),
  config: collectionConfigSchema,
  fieldIndexes: z.array(fieldIndexSchema),
  shards: z.array(
    z.strictObject({
      id: shardIdSchema,
      replicas: z.array(z.strictObject({ peer: peerIdSchema, state: z.enum(replicaStates) })),
      changedAt: index,
    }),
  ),
  transfers: z.array(
    z.strictObject({
      id: index,
      shard: shardIdSchema,
      from: peerIdSchema,
      to: peerIdSchema,
      sync: z.boolean(),
      method: z.enum(transferMethods),
      recovers: z.boolean(),
    }),
  ),
});

const peer = z.strictObject({
  id: peerIdSchema,
  uri: z.string().nullable(),
  version: z.string().nullable(),
  suspended: z.literal(true).exactOptional(),
});

const file = z.strictObject({
  format: z.literal(format),
  cluster: index,
  appliedIndex: index,
  peers: z.array(peer),
  removedPeers: z.array(z.strictObject({ id: peerIdSchema, uri: z.string().nullable() })),
  collections: z.array(collection),
});

export class MetadataFormatError extends Error {
  override readonly name = 'MetadataFormatError';
}

export function encodeMetadata({ cluster, appliedIndex, peers, removedPeers, collections }: MetadataState): string {
  const content: z.input<typeof file> = {
    ...{ format, cluster, appliedIndex },
    peers: [...peers.values()],
    removedPeers: [...removedPeers].map(([id, uri]) => ({ id, uri })),
    collections: [...collections.values()].map((state) => ({
      ...state,
      fieldIndexes: [...state.fieldIndexes],
      shards: state.shards.map(({ id, replicas, changedAt }) => ({ id, replicas: [...replicas], changedAt })),
      transfers: [...state.transfers],
    })),
  };
  return JSON.stringify(content, null, 1);
}

/** What does not fit is refused rather than guessed at, whether it comes from this node's disk or from a peer. */
export function decodeMetadata(text: string): MetadataState {
  const value = parsed(text);
  if (value.format !== format) {
    throw new MetadataFormatError(`it has format ${String(value.format)}, and this version reads format ${format}`);
  }
  const checked = file.safeParse(value);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    throw new MetadataFormatError(`its ${issue?.path.join('.') ?? ''} does not fit: ${issue?.message ?? ''}`);
  }
  const { cluster, appliedIndex, peers, removedPeers, collections } = checked.data;
  const state: MetadataState = {
    ...{ cluster, appliedIndex },
    peers: new Map(peers.map((state) => [state.id, state])),
    removedPeers: new Map(removedPeers.map(({ id, uri }) => [id, uri])),
    collections: new Map(collections.map((state) => [state.name, state])),
  };
  if (state.peers.size !== peers.length) throw new MetadataFormatError('a peer is there twice');
  if (state.collections.size !== collections.length) throw new MetadataFormatError('a name is there twice');
  const broken = brokenInvariant(state);
  if (broken !== null) throw new MetadataFormatError(broken);
  return state;
}

function parsed(text: string): { readonly format?: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MetadataFormatError('it is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw new MetadataFormatError('it is not a JSON object');
  return value;
}
