/** What Prometheus sees. Counts begin with the process; what tells of clusters is read from the caches when asked. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Kind } from '../k8s/kubernetes-api.js';
import type { StepKind } from '../plan/step.js';

/** What gauges read at the moment of a scrape. */
export interface MeasuredState {
  readonly leading: boolean;
  readonly queueDepth: number;
  readonly clustersByPhase: ReadonlyMap<string, number>;
  /** Seconds since the API server was last heard of, by kind. */
  readonly reflectorSilenceSeconds: ReadonlyMap<Kind, number>;
}

export type KubernetesVerb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';
export type PassResult = 'done' | 'look-again' | 'conflict' | 'failed';

export class OperatorMetrics {
  readonly #registry = new Registry();
  readonly #passes: Counter<'result'>;
  readonly #passSeconds: Histogram;
  readonly #errors: Counter<'reason'>;
  readonly #steps: Counter<'step'>;
  readonly #requests: Counter<'verb' | 'kind'>;

  constructor(state: () => MeasuredState) {
    const registers = [this.#registry];
    this.#passes = new Counter({
      name: 'qdrant_operator_passes_total',
      help: 'Passes over clusters',
      labelNames: ['result'],
      registers,
    });
    this.#passSeconds = new Histogram({
      name: 'qdrant_operator_pass_duration_seconds',
      help: 'How long passes took, waiting for nodes included',
      buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    });
    this.#errors = new Counter({
      name: 'qdrant_operator_pass_errors_total',
      help: 'Passes that failed, by what failed',
      labelNames: ['reason'],
      registers,
    });
    this.#steps = new Counter({
      name: 'qdrant_operator_steps_total',
      help: 'Steps taken',
      labelNames: ['step'],
      registers,
    });
    this.#requests = new Counter({
      name: 'qdrant_operator_kubernetes_requests_total',
      help: 'Requests to the API server',
      labelNames: ['verb', 'kind'],
      registers,
    });
    declareGauges(registers, state);
  }

  /** Memory, processor time and event loop of the process. */
  withProcess(): this {
    collectDefaultMetrics({ register: this.#registry });
    return this;
  }

  passEnded(result: PassResult, seconds: number): void {
    this.#passes.inc({ result });
    this.#passSeconds.observe(seconds);
  }

  passFailed(reason: string): void {
    this.#errors.inc({ reason });
  }

  stepTaken(step: StepKind): void {
    this.#steps.inc({ step });
  }

  kubernetesRequest(verb: KubernetesVerb, kind: Kind): void {
    this.#requests.inc({ verb, kind });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

function declareGauges(registers: Registry[], state: () => MeasuredState): void {
  new Gauge({
    name: 'qdrant_operator_leader',
    help: '1 while this process leads',
    registers,
    collect() {
      this.set(state().leading ? 1 : 0);
    },
  });
  new Gauge({
    name: 'qdrant_operator_queue_depth',
    help: 'Clusters that wait for their pass',
    registers,
    collect() {
      this.set(state().queueDepth);
    },
  });
  new Gauge({
    name: 'qdrant_operator_clusters',
    help: 'Clusters by phase',
    labelNames: ['phase'],
    registers,
    collect() {
      this.reset();
      for (const [phase, count] of state().clustersByPhase) this.set({ phase }, count);
    },
  });
  new Gauge({
    name: 'qdrant_operator_reflector_silence_seconds',
    help: 'Time since the API server was last heard of',
    labelNames: ['kind'],
    registers,
    collect() {
      this.reset();
      for (const [kind, seconds] of state().reflectorSilenceSeconds) this.set({ kind }, seconds);
    },
  });
}
