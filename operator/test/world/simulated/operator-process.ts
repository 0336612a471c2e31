/** One process of the operator in the simulated world. It can be killed or frozen at a call, and several can run. */
import { pino } from 'pino';
import { z } from 'zod';
import { Operator, type OperatorEnd } from '../../../src/controller/operator.js';
import type { FakeApiServer } from '../fake-kubernetes/fake-api-server.js';
import { FakeKubernetes } from '../fake-kubernetes/fake-kubernetes.js';
import type { FakeQdrant } from '../fake-qdrant/fake-qdrant.js';
import type { VirtualClock } from '../virtual-clock.js';
import { MortalCalls, type MishapAt } from './mortal-calls.js';

export interface OperatorWorld {
  readonly server: FakeApiServer;
  readonly clock: VirtualClock;
  readonly qdrant: FakeQdrant;
}

export interface ProcessOptions {
  readonly identity: string;
  /** Two that look for their Lease in two places both believe to lead. */
  readonly leaseNamespace: string;
  readonly mishapAt: MishapAt;
}

const logLine = z.object({ level: z.number(), msg: z.string(), err: z.object({ stack: z.string() }).optional() });
const errorLevel = 50;

export class OperatorProcess {
  readonly calls: MortalCalls;
  /** Lines of its log that should never be written. */
  readonly defects: string[] = [];
  /** Other warnings of its log. */
  readonly warnings: string[] = [];
  end: OperatorEnd | null = null;
  readonly #stop = new AbortController();

  constructor(world: OperatorWorld, { identity, leaseNamespace, mishapAt }: ProcessOptions) {
    this.calls = new MortalCalls(mishapAt, () => this.#stop.abort());
    const operator = new Operator(
      {
        kubernetes: new FakeKubernetes(world.server, this.calls.interceptor),
        nodes: this.calls.nodes(world.qdrant),
        clock: this.calls.clock(world.clock),
        random: () => 0.5,
        logger: pino({ level: 'warn' }, { write: (line: string) => this.#logged(line) }),
      },
      {
        ...{ identity, leaseNamespace, group: 'qdrantcluster.dev', watchNamespaces: [], concurrency: 2 },
        nodeImage: 'registry.example/node',
      },
    );
    operator.run(this.#stop.signal).then(
      (end) => (this.end = end),
      (error: unknown) => this.defects.push(`it ended with ${String(error)}`),
    );
  }

  kill(): void {
    this.calls.kill();
  }

  #logged(line: string): void {
    if (this.calls.dead) return;
    const { level, msg, err } = logLine.parse(JSON.parse(line));
    const text = err === undefined ? msg : `${msg}: ${err.stack}`;
    // That the lead is lost is told as an error, since the process ends.
    (level >= errorLevel && msg !== 'The lead is lost' ? this.defects : this.warnings).push(text);
  }
}
