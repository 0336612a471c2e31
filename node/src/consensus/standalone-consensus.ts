/**
 * Consensus of one: an operation is agreed on when it is on this node's disk. The whole state is
 * written for each operation, which is small beside what the operation goes on to cause.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { apply } from '../metadata/apply.js';
import { decodeMetadata, encodeMetadata, MetadataFormatError } from '../metadata/metadata-file.js';
import type { Applied, MetadataOperation } from '../metadata/metadata-operation.js';
import { emptyMetadata, type MetadataState } from '../metadata/metadata-state.js';
import type { Consensus } from './consensus.js';
import { replaceFile } from './durable-file.js';

export class StandaloneConsensus implements Consensus {
  readonly #path: string;
  #state: MetadataState;
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(path: string, state: MetadataState) {
    this.#path = path;
    this.#state = state;
  }

  static async open(storageFolder: string): Promise<StandaloneConsensus> {
    const path = join(storageFolder, 'metadata.json');
    return new StandaloneConsensus(path, await readState(path));
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

  async #commit(operation: MetadataOperation): Promise<Applied> {
    const { state, applied } = apply(this.#state, operation);
    await replaceFile(this.#path, encodeMetadata(state));
    this.#state = state;
    return applied;
  }
}

async function readState(path: string): Promise<MetadataState> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return emptyMetadata;
    throw error;
  }
  try {
    return decodeMetadata(text);
  } catch (error) {
    if (error instanceof MetadataFormatError)
      throw new MetadataFormatError(`${path} cannot be used: ${error.message}.`);
    throw error;
  }
}
