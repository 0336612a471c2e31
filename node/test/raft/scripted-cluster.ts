import { RaftNode } from '../../src/raft/raft-node.js';
import { defaultRaftConfig, joiningPeerState } from '../../src/raft/raft-config.js';
import type { RestoredState } from '../../src/raft/raft-config.js';
import type { ConfChangeKind } from '../../src/raft/conf-change.js';
import type { Entry, PeerId } from '../../src/raft/entry.js';
import type { Message } from '../../src/raft/message.js';
import type { Ready } from '../../src/raft/ready.js';
import { describeMembers, describeMessage, describeReady } from './trace.js';

const text = (data: Uint8Array): string => Buffer.from(data).toString('utf8');

interface ScriptedPeer {
  readonly raft: RaftNode;
  readonly disk: { state: RestoredState };
  /** Readies that are not on disk, while the disk is stopped. */
  readonly unsynced: Ready[];
}

/** A cluster that does one thing at a time, by commands, and says everything that happens. */
export class ScriptedCluster {
  readonly #peers = new Map<PeerId, ScriptedPeer>();
  readonly #cut = new Set<PeerId>();
  readonly #stoppedDisks = new Set<PeerId>();
  #inFlight: Message[] = [];
  #lines: string[] = [];

  run(command: string): string[] {
    this.#lines = [];
    const [name = '', ...words] = command.split(' ');
    this.#do(name, words, words.map(Number));
    return this.#lines;
  }

  #do(name: string, words: readonly string[], [first = 0, second = 0]: readonly number[]): void {
    switch (name) {
      case 'voters': {
        this.#found(words.map(Number));
        return;
      }
      case 'join': {
        this.#start(first, joiningPeerState());
        return;
      }
      case 'tick':
        for (let tick = 0; tick < (second || 1); tick += 1) this.#input(first, (raft) => raft.tick());
        return;
      case 'deliver': {
        this.#deliver();
        return;
      }
      case 'lose':
        this.#inFlight = [];
        return;
      case 'propose': {
        this.#input(first, (raft) => this.#outcome(raft.propose(Buffer.from(words[1] ?? '')).kind));
        return;
      }
      case 'change': {
        this.#input(first, (raft) => {
          const kind = words[1] as ConfChangeKind;
          this.#outcome(raft.proposeConfChange({ kind, peer: Number(words[2]), context: new Uint8Array() }).kind);
        });
        return;
      }
      case 'transfer': {
        this.#input(first, (raft) => this.#outcome(raft.transferLeader(second).kind));
        return;
      }
      case 'read': {
        this.#input(first, (raft) => this.#outcome(raft.readIndex(second).kind));
        return;
      }
      case 'unreachable': {
        this.#input(first, (raft) => raft.leaderUnreachable(second));
        return;
      }
      case 'compact': {
        this.#input(first, (raft) => raft.compact(second));
        return;
      }
      case 'cut':
        this.#cut.add(first);
        return;
      case 'heal':
        this.#cut.delete(first);
        return;
      case 'stop-disk':
        this.#stoppedDisks.add(first);
        return;
      case 'start-disk':
        this.#stoppedDisks.delete(first);
        {
          this.#sync(first);
          return;
        }
      case 'crash': {
        this.#start(first, this.#peer(first).disk.state);
        return;
      }
      case 'status': {
        this.#status();
        return;
      }
      default:
        throw new Error(`there is no command ${name}`);
    }
  }

  #outcome(kind: string): void {
    if (kind !== 'accepted') this.#lines.push(`refused: ${kind}`);
  }

  #found(voters: readonly PeerId[]): void {
    const confState = { voters, learners: [] };
    const hardState = { term: 1, vote: null, commit: 1 };
    const compacted = { index: 1, term: 1 };
    for (const id of voters) this.#start(id, { hardState, confState, appliedIndex: 1, compacted, entries: [] });
  }

  #start(id: PeerId, state: RestoredState): void {
    const raft: RaftNode = new RaftNode(
      {
        ...defaultRaftConfig,
        id,
        // Every election timeout is the shortest.
        random: () => 0,
        snapshot: () => {
          const meta = raft.appliedMeta();
          return meta === null ? null : { meta, data: new Uint8Array() };
        },
      },
      state,
    );
    this.#peers.set(id, { raft, disk: { state }, unsynced: [] });
  }

  #peer(id: PeerId): ScriptedPeer {
    const peer = this.#peers.get(id);
    if (peer === undefined) throw new Error(`there is no peer ${id}`);
    return peer;
  }

  #input(id: PeerId, change: (raft: RaftNode) => void): void {
    change(this.#peer(id).raft);
    this.#handle(id);
  }

  #handle(id: PeerId): void {
    const { raft, unsynced } = this.#peer(id);
    for (let ready = raft.ready(); ready !== null; ready = raft.ready()) {
      for (const line of describeReady(ready, text)) this.#lines.push(`${id}  ${line}`);
      this.#inFlight.push(...ready.messages);
      unsynced.push(ready);
      const applied = ready.committed.at(-1)?.index ?? ready.snapshot?.meta.index;
      if (applied !== undefined) raft.applied(applied);
      if (!this.#stoppedDisks.has(id)) this.#sync(id);
    }
  }

  #sync(id: PeerId): void {
    const { raft, disk, unsynced } = this.#peer(id);
    for (const ready of unsynced.splice(0)) {
      disk.state = written(disk.state, ready);
      this.#inFlight.push(...ready.messagesAfterPersistence);
      raft.persisted(ready.sequence);
    }
    this.#handle(id);
  }

  /** Until nothing is under way. */
  #deliver(): void {
    for (let message = this.#inFlight.shift(); message !== undefined; message = this.#inFlight.shift()) {
      const { from, to } = message;
      if (this.#cut.has(from) || this.#cut.has(to) || !this.#peers.has(to)) {
        this.#lines.push(`lost: ${describeMessage(message, text)}`);
        continue;
      }
      const delivered = message;
      this.#input(to, (raft) => {
        const ignored = raft.step(delivered);
        if (ignored !== null) this.#lines.push(`${to}  ignores ${describeMessage(delivered, text)}: ${ignored}`);
      });
      if (message.type === 'snapshot') this.#input(from, (raft) => raft.reportSnapshot(to, true));
    }
  }

  #status(): void {
    for (const [id, { raft }] of this.#peers) {
      const { role, term, commit, lastIndex, confState } = raft.status();
      this.#lines.push(`${id}  ${role} t${term} last ${lastIndex} commit ${commit} ${describeMembers(confState)}`);
    }
  }
}

function written(state: RestoredState, { hardState, snapshot, entries }: Ready): RestoredState {
  const kept = snapshot === null ? state : afterSnapshot(state, snapshot.meta);
  const from = entries[0]?.index ?? Infinity;
  const before = kept.entries.filter((entry: Entry) => entry.index < from);
  return { ...kept, hardState: hardState ?? state.hardState, entries: [...before, ...entries] };
}

function afterSnapshot(
  state: RestoredState,
  { index, term, confState }: { index: number; term: number; confState: RestoredState['confState'] },
): RestoredState {
  return { ...state, confState, appliedIndex: index, compacted: { index, term }, entries: [] };
}
