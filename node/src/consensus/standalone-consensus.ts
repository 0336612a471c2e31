/**
 * Consensus of one: an operation is agreed on when it is on this node's disk. The whole state is
 * written for each operation, which is small beside what the operation goes on to cause.
 */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { apply } from '../metadata/apply.js';
import { decodeMetadata, encodeMetadata, MetadataFormatError } from '../metadata/metadata-file.js';
import type { Applied, MetadataOperation } from '../metadata/metadata-operation.js';
import { firstPeerMetadata, type MetadataState } from '../metadata/metadata-state.js';
import type { PeerId } from '../metadata/peer-id.js';
import type { Consensus } from './consensus.js';
import { readIfThere, replaceFile } from './durable-file.js';
import { raftFolder, readIdentity } from './peer-identity.js';
import { StateListeners } from './state-listeners.js';

export class StandaloneConsensus implements Consensus {
  readonly self: PeerId;
  readonly #path: string;
  readonly #listeners = new StateListeners();
  #state: MetadataState;
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(path: string, self: PeerId, state: MetadataState) {
    this.self = self;
    this.#path = path;
    this.#state = state;
  }

  static async open(storageFolder: string): Promise<StandaloneConsensus> {
    // Whoever took part in a cluster keeps its metadata where a single node does not look.
    if ((await readIdentity(raftFolder(storageFolder))) !== null) {
      throw new MetadataFormatError(
        `${storageFolder} is the storage of a peer of a cluster: set cluster.enabled to start it.`,
      );
    }
    const path = standaloneMetadataPath(storageFolder);
    let state = await readStandaloneMetadata(storageFolder);
    if (state === null) {
      // The peer id is drawn once: it is on disk before anything refers to it.
      state = firstPeerMetadata(randomPeerId());
      await replaceFile(path, encodeMetadata(state));
    }
    return new StandaloneConsensus(path, onlyPeer(path, state), state);
  }

  get state(): MetadataState {
    return this.#state;
  }

  propose(operation: MetadataOperation): Promise<Applied> {
    // One at a time: each is applied to the state that the one before it left on disk.
    const done = this.#tail.then(() => this.#commit(operation));
    this.#tail = done.catch(() => undefined);
    return done;
  }

  subscribe(listener: (state: MetadataState) => void): () => void {
    return this.#listeners.subscribe(listener);
  }

  reached(index: number, timeoutMs: number): Promise<void> {
    return this.#listeners.reached(this.#state.appliedIndex, index, timeoutMs);
  }

  async #commit(operation: MetadataOperation): Promise<Applied> {
    const { state, applied } = apply(this.#state, operation);
    await replaceFile(this.#path, encodeMetadata(state));
    this.#state = state;
    this.#listeners.tell(state);
    return applied;
  }
}

export function standaloneMetadataPath(storageFolder: string): string {
  return join(storageFolder, 'metadata.json');
}

/** What a single node left in the folder, or null when none ever ran there. */
export async function readStandaloneMetadata(storageFolder: string): Promise<MetadataState | null> {
  const path = standaloneMetadataPath(storageFolder);
  const text = await readIfThere(path);
  if (text === null) return null;
  try {
    return decodeMetadata(text);
  } catch (error) {
    if (error instanceof MetadataFormatError)
      throw new MetadataFormatError(`${path} cannot be used: ${error.message}.`);
    throw error;
  }
}

export function randomPeerId(): PeerId {
  return 1 + randomInt(2 ** 48 - 1);
}

/** A single node is the one peer of its metadata. */
export function onlyPeer(path: string, state: MetadataState): PeerId {
  const [self, ...others] = state.peers.keys();
  if (self === undefined || others.length > 0) {
    throw new MetadataFormatError(`${path} cannot be used: it is of ${state.peers.size} peers, not of a single node.`);
  }
  return self;
}
