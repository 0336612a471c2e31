/** `raft_state.json`: what people's tools read about Raft. Nothing here reads it back but the peer id. */
import type { MetadataState } from '../metadata/metadata-state.js';
import type { RaftStatus } from '../raft/raft.js';
import { replaceFile } from './durable-file.js';

export class RaftStateFile {
  readonly #path: string;
  #written = '';
  #wanted: string | null = null;
  #writing = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Without waiting: the newest content is on disk some time later. A failure is left to the next change. */
  show(status: RaftStatus, metadata: MetadataState): void {
    const content = `${JSON.stringify(stateFileContent(status, metadata), null, 1)}\n`;
    if (content === this.#written) return;
    this.#wanted = content;
    if (!this.#writing) void this.#write();
  }

  async #write(): Promise<void> {
    this.#writing = true;
    for (let content = this.#wanted; content !== null; content = this.#wanted) {
      this.#wanted = null;
      try {
        await replaceFile(this.#path, content);
        this.#written = content;
      } catch {
        break;
      }
    }
    this.#writing = false;
  }
}

function stateFileContent(status: RaftStatus, { peers }: MetadataState): object {
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
    latest_snapshot_meta: { term: status.term, index: Math.max(0, status.firstIndex - 1) },
    apply_progress_queue: null,
    first_voter: status.confState.voters[0] ?? null,
    peer_address_by_id: Object.fromEntries(list.map(({ id, uri }) => [String(id), uri])),
    peer_metadata_by_id: Object.fromEntries(list.map(({ id, version }) => [String(id), { version }])),
    cluster_metadata: {},
    this_peer_id: status.id,
  };
}
