/** `raft_state.json`: what people's tools read about Raft. Nothing reads it back but the peer id. */
import type { MetadataState } from '../metadata/metadata-state.js';
import type { EntryId } from '../raft/entry.js';
import type { RaftStatus } from '../raft/raft.js';
import { replaceFile } from './durable-file.js';

export class RaftStateFile {
  readonly #path: string;
  #key = '';
  #wanted: string | null = null;
  #writing: Promise<void> | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Without waiting: what is new is on disk some time later. The commit index alone is not new, or there would be
   * a sync more for each operation. A failure is left to the next change.
   */
  show(status: RaftStatus, latestSnapshot: EntryId, metadata: MetadataState): void {
    const key = JSON.stringify(stateFileContent({ ...status, commit: 0 }, latestSnapshot, metadata));
    if (key === this.#key) return;
    this.#key = key;
    this.#wanted = `${JSON.stringify(stateFileContent(status, latestSnapshot, metadata), null, 1)}\n`;
    this.#writing ??= this.#write();
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    for (let content = this.#wanted; content !== null; content = this.#wanted) {
      this.#wanted = null;
      try {
        await replaceFile(this.#path, content);
      } catch {
        this.#key = '';
      }
    }
    this.#writing = null;
  }
}

function stateFileContent(status: RaftStatus, { term, index }: EntryId, { peers }: MetadataState): object {
  const list = [...peers.values()];
  return {
    state: {
      hard_state: { term: status.term, vote: status.vote ?? 0, commit: status.commit },
      conf_state: {
        voters: status.confState.voters,
        learners: status.confState.learners,
        voters_outgoing: [],
        learners_next: [],
        auto_leave: false,
      },
    },
    latest_snapshot_meta: { term, index },
    apply_progress_queue: null,
    first_voter: status.confState.voters[0] ?? null,
    peer_address_by_id: Object.fromEntries(list.map(({ id, uri }) => [String(id), uri])),
    peer_metadata_by_id: Object.fromEntries(list.map(({ id, version }) => [String(id), { version }])),
    cluster_metadata: {},
    this_peer_id: status.id,
  };
}
