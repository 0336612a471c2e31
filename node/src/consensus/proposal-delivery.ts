/** Brings proposals to whoever leads: into the own log, or over the network. */
import type { PeerId } from '../metadata/peer-id.js';
import type { SoftState } from '../raft/ready.js';
import type { Proposals } from './proposals.js';
import type { RaftDriver } from './raft-driver.js';
import type { RaftTransport } from './raft-transport.js';

/** How long a leader may take to put proposals into its log, in ticks; it answers without waiting for a disk. */
const answerTicks = 10;

export class ProposalDelivery {
  readonly #driver: RaftDriver;
  readonly #proposals: Proposals;
  readonly #transport: Pick<RaftTransport, 'propose'>;
  readonly #self: PeerId;
  readonly #timeoutMs: number;
  #underWay = false;

  constructor(
    driver: RaftDriver,
    proposals: Proposals,
    transport: Pick<RaftTransport, 'propose'>,
    self: PeerId,
    tickPeriodMs: number,
  ) {
    this.#driver = driver;
    this.#proposals = proposals;
    this.#transport = transport;
    this.#self = self;
    this.#timeoutMs = answerTicks * tickPeriodMs;
  }

  /** What cannot be delivered now is tried again with the next tick, or the next leader. */
  deliver({ role, leader }: SoftState): void {
    if (this.#driver.ended) return;
    if (role === 'leader') this.#append();
    else if (leader !== null && leader !== this.#self && !this.#underWay) this.#forward(leader);
  }

  #append(): void {
    for (let batch = this.#proposals.take(); batch.entries.length > 0; batch = this.#proposals.take()) {
      for (const [place, entry] of batch.entries.entries()) {
        if (this.#driver.raft.propose(entry).kind === 'accepted') continue;
        this.#proposals.giveBack(batch.numbers.slice(place));
        this.#driver.wake();
        return;
      }
      this.#driver.wake();
    }
  }

  #forward(leader: PeerId): void {
    const { numbers, entries } = this.#proposals.take();
    if (entries.length === 0) return;
    this.#underWay = true;
    this.#transport.propose(leader, entries, this.#timeoutMs).then(
      ({ kind }) => {
        this.#underWay = false;
        if (kind === 'accepted') this.#forwardMore(leader);
        else this.#proposals.giveBack(numbers);
      },
      () => {
        this.#underWay = false;
        this.#proposals.giveBack(numbers);
      },
    );
  }

  #forwardMore(leader: PeerId): void {
    if (!this.#driver.ended && this.#driver.raft.status().leader === leader) this.#forward(leader);
  }
}
