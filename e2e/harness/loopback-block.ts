/**
 * Addresses of loopback for one cluster, 127.n.*.*: every node gets one of its own, so that all nodes use
 * the same ports, and so does every link between two of them. Clusters that run side by side have another n.
 */
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

const nodesMax = 50;

const movesMax = 2;

/** The port that holds a block while its cluster lives. */
const holdPort = 6300;

export class LoopbackBlock {
  readonly #number: number;
  readonly #hold: Server;

  private constructor(number: number, hold: Server) {
    this.#number = number;
    this.#hold = hold;
  }

  static async claim(): Promise<LoopbackBlock> {
    for (;;) {
      const number = randomInt(1, 255);
      const hold = createServer();
      const free = await new Promise<boolean>((resolve) => {
        hold.once('error', () => resolve(false));
        hold.listen(holdPort, `127.${number}.0.1`, () => resolve(true));
      });
      if (free) return new LoopbackBlock(number, hold);
    }
  }

  /** Where a node serves after it moved to another address `moves` times. */
  node(index: number, moves: number): string {
    if (index >= nodesMax) throw new RangeError(`a cluster has at most ${nodesMax} nodes`);
    return `127.${this.#number}.${1 + index}.${1 + moves}`;
  }

  /** Where the node `from` finds the node `to`, which moved to another address `moves` times. */
  link(from: number, to: number, moves: number): string {
    if (moves > movesMax) throw new RangeError(`a node moves at most ${movesMax} times`);
    return `127.${this.#number}.${101 + nodesMax * moves + from}.${1 + to}`;
  }

  release(): Promise<void> {
    return new Promise((done) => this.#hold.close(() => done()));
  }
}
