/**
 * A cluster to which everything happens that should not: sizes change before the last one is reached, operators die,
 * calls fail before and after their effect, pods and processes are killed, volumes are lost, transfers stall, watches go
 * silent. Then it is left alone, and must become well. A run is the same whenever its seed is the same.
 */
import { becomesHealthy, inTime } from './every-call.js';
import type { Mishap } from './simulated/mortal-calls.js';
import { SeededRandom } from './simulated/seeded-random.js';
import { clusterName, namespace, scope, SimulatedWorld } from './simulated/simulated-world.js';

const set = `qdrant-${clusterName}`;

export class TroubledWorld {
  readonly world: SimulatedWorld;
  /** What was done, for people. */
  readonly log: string[] = [];
  readonly #random: SeededRandom;
  #widestFactor = 1;
  #point = 0;
  #processes = 0;
  #collections = 0;
  #volumesLost = 0;
  #troubled = true;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.world = new SimulatedWorld({ flavour: this.#random.chance(0.5) ? 'ours' : 'original' });
    this.world.qdrant.faults.push(({ changes }) => {
      if (!this.#troubled || !this.#random.chance(changes ? 0.1 : 0.02)) return null;
      const effect = this.#random.chance(0.5);
      if (this.#random.chance(0.5)) return { kind: 'timeout', effect };
      return this.#random.chance(0.5) ? { kind: 'failed', effect } : { kind: 'unreachable' };
    });
  }

  /** What is wrong at the end; empty when all is well. */
  async run(): Promise<readonly string[]> {
    const { world } = this;
    world.create(this.#random.between(1, 4));
    this.#startOperator();
    for (let event = 0; event < 14; event += 1) {
      await world.clock.run(
        this.#random.between(0, 1) * this.#random.between(0, 20_000) + this.#random.between(0, 1500),
      );
      await this.#trouble();
      this.#replaceTheDead();
    }
    this.#troubled = false;
    world.server.watchDelayMs = 0;
    const size = this.#random.between(this.#widestFactor, 5);
    this.#note(`at last size ${size}`);
    world.scale(size);
    world.operators.at(-1)?.kill();
    this.#startOperator();
    // What was well before may still be said while the caches of the new one fill.
    await world.clock.run(20_000);
    await becomesHealthy(world);
    const wrong = [...world.violations()];
    if (world.members.length !== size) wrong.push(`${world.members.length} members of ${size}`);
    for (const operator of world.operators) operator.kill();
    return wrong;
  }

  async #trouble(): Promise<void> {
    const { world } = this;
    let busy: Promise<void> = Promise.resolve();
    const kinds = [
      () => this.#scale(),
      () => this.#scale(),
      () => {
        busy = this.#addCollection();
      },
      () => {
        busy = this.#write();
      },
      () => this.#deletePod(),
      () => this.#killProcess(),
      () => this.#loseVolume(),
      () => {
        this.#note('the operator is killed');
        world.operators.at(-1)?.kill();
      },
      () => {
        this.#note('the next transfer fails');
        world.qdrant.transferFates.push('fails');
      },
      () => {
        this.#note('watches end');
        world.server.endWatches();
      },
      () => {
        this.#note('watches are silent');
        world.server.silenceWatches();
      },
      () => {
        const delayMs = this.#random.between(0, 2000);
        this.#note(`watches are ${delayMs} ms late`);
        world.server.watchDelayMs = delayMs;
      },
      () => {
        this.#note('old versions are forgotten');
        world.server.compact();
        world.server.endWatches();
      },
    ];
    kinds[this.#random.between(0, kinds.length - 1)]?.();
    await busy;
  }

  #scale(): void {
    const size = this.#random.between(1, 5);
    this.#note(`size ${size}`);
    this.world.scale(size);
  }

  async #addCollection(): Promise<void> {
    const { world } = this;
    const { members } = world;
    // A shard that a cluster places on a peer that has lost its volume is lost at once.
    if (members.length === 0 || members.length !== members[0]?.consensus?.latest.members.size) return;
    const isGoing = world.server.list('Pod').items.some(({ metadata }) => metadata?.deletionTimestamp !== undefined);
    if (this.#collections >= 3 || isGoing) return;
    this.#collections += 1;
    const shards = this.#random.between(1, 6);
    const factor = this.#random.between(1, Math.min(3, members.length));
    const made = await inTime(
      this.world,
      this.world.qdrant.createCollection(scope, `c${this.#collections}`, { shards, factor }),
    );
    this.#note(`collection c${this.#collections} of ${shards} shards, factor ${factor}: ${made}`);
    this.#widestFactor = Math.max(this.#widestFactor, factor);
  }

  async #write(): Promise<void> {
    for (let name = 1; name <= this.#collections; name += 1) {
      for (let count = 0; count < 6; count += 1) {
        await inTime(this.world, this.world.qdrant.write(scope, `c${name}`, (this.#point += 1)));
      }
    }
  }

  #deletePod(): void {
    const name = `${set}-${this.#random.between(0, 3)}`;
    this.#note(`pod ${name} is deleted`);
    this.world.server.delete('Pod', { namespace, name }, {});
  }

  #killProcess(): void {
    const name = `${set}-${this.#random.between(0, 3)}`;
    this.#note(`the process of ${name} is killed`);
    this.world.kubelet.killProcess(namespace, name);
  }

  /** Once, and only where nothing is lost with it that people would have to decide about. */
  #loseVolume(): void {
    const { world } = this;
    const state = world.members[0]?.consensus?.latest;
    if (this.#volumesLost > 0 || state === undefined) return;
    const shards = [...state.metadata.collections.values()].flatMap((collection) => collection.shards);
    const spare = shards.every(({ replicas }) => replicas.filter((one) => one.state === 'Active').length >= 2);
    if (!spare || world.members.length < 3 || state.members.size !== world.members.length) return;
    const name = `${set}-${this.#random.between(0, world.members.length - 1)}`;
    if (world.server.get('PersistentVolumeClaim', { namespace, name: `qdrant-storage-${name}` }) === null) return;
    this.#volumesLost += 1;
    this.#note(`the volume of ${name} is lost`);
    world.volumes.takeClaim(namespace, `qdrant-storage-${name}`);
    world.server.delete('Pod', { namespace, name }, {});
  }

  #replaceTheDead(): void {
    const last = this.world.operators.at(-1);
    if (last !== undefined && !last.calls.dead && last.end === null) return;
    this.#startOperator();
  }

  #startOperator(): void {
    this.#processes += 1;
    const identity = this.#random.chance(0.7) ? 'operator-0' : `operator-${this.#processes}`;
    this.world.startOperator({ identity, mishapAt: () => this.#mishap() });
  }

  #mishap(): Mishap | null {
    if (!this.#troubled || !this.#random.chance(0.08)) return null;
    const when = this.#random.chance(0.5) ? 'before' : 'after';
    if (this.#random.chance(0.3)) return { kind: 'killed', when };
    return this.#random.chance(0.5) ? { kind: 'fails', when } : { kind: 'conflicts' };
  }

  #note(what: string): void {
    this.log.push(`${Math.round(this.world.clock.monotonicMs() / 1000)} s: ${what}`);
  }
}
