/**
 * What people are told besides the status: log lines, events, counts. A pass that changes nothing says nothing. What is
 * remembered here decides nothing: a new process says some things once more.
 */
import type { Logger } from 'pino';
import type { InvalidCluster, QdrantClusterResource } from '../api/qdrant-cluster.js';
import type { ClusterStatus } from '../api/cluster-status.js';
import type { BaseResult } from '../apply/base-objects.js';
import { messageOf } from '../error-message.js';
import type { ToldEvent } from '../k8s/events.js';
import type { ObjectName } from '../k8s/kubernetes-api.js';
import type { Plan, Procedure } from '../plan/plan.js';
import type { Step } from '../plan/step.js';
import type { OperatorMetrics } from './metrics.js';
import type { PassFailure } from './pass-failure.js';

/** Reasons of events: closed, since people filter by them. */
export type ReportReason = 'StepTaken' | 'Blocked' | 'PhaseChanged' | 'InvalidSpec' | 'ObjectNotApplied' | 'PassFailed';

export type Report = ToldEvent<ReportReason>;

interface Told {
  blocks: ReadonlySet<string>;
  problems: ReadonlySet<string>;
  failure: string | null;
}

export class ClusterReports {
  readonly #logger: Logger;
  readonly #metrics: OperatorMetrics;
  readonly #send: (report: Report) => void;
  readonly #told = new Map<string, Told>();

  /** `send` takes an event and never fails. */
  constructor(logger: Logger, metrics: OperatorMetrics, send: (report: Report) => void) {
    this.#logger = logger;
    this.#metrics = metrics;
    this.#send = send;
  }

  forget(name: ObjectName): void {
    this.#told.delete(keyOf(name));
  }

  /** Steps of no procedure disturb nothing: they are in the log and no events. */
  stepTaken(cluster: QdrantClusterResource, procedure: Procedure | null, step: Step, message: string): void {
    this.#metrics.stepTaken(step.kind);
    const line = { cluster: keyOf(nameOf(cluster)), procedure: procedure ?? 'Upkeep', step: step.kind };
    if (procedure === null) {
      this.#logger.debug(line, message);
      return;
    }
    this.#logger.info(line, message);
    this.#send({ regarding: cluster, type: 'Normal', reason: 'StepTaken', action: procedure, note: message });
  }

  baseObjects(cluster: QdrantClusterResource, result: BaseResult): void {
    const key = keyOf(nameOf(cluster));
    if (result.changes.length > 0) this.#logger.info({ cluster: key, changes: result.changes }, 'Objects changed');
    const told = this.#toldOf(key);
    const problems = result.problems.map(({ message }) => message);
    for (const message of problems) {
      if (told.problems.has(message)) continue;
      this.#logger.warn({ cluster: key }, message);
      this.#send({ regarding: cluster, type: 'Warning', reason: 'ObjectNotApplied', action: 'Apply', note: message });
    }
    told.problems = new Set(problems);
  }

  /** Blocks by their reason: the numbers in a message change while it is one and the same block. */
  statusSeen(cluster: QdrantClusterResource, status: ClusterStatus, plan: Plan): void {
    const key = keyOf(nameOf(cluster));
    const told = this.#toldOf(key);
    for (const { procedure, reason, message } of plan.blocks) {
      if (told.blocks.has(`${procedure ?? ''} ${reason}`)) continue;
      this.#logger.warn({ cluster: key, procedure, reason }, message);
      this.#send({
        ...{ regarding: cluster, type: 'Warning', reason: 'Blocked', action: procedure ?? 'Reconcile' },
        note: `${reason}: ${message}`,
      });
    }
    told.blocks = new Set(plan.blocks.map(({ procedure, reason }) => `${procedure ?? ''} ${reason}`));
    told.failure = null;
    const before = cluster.status?.phase;
    if (status.phase === undefined || status.phase === before) return;
    const note = before === undefined ? `Now ${status.phase}` : `From ${before} to ${status.phase}`;
    this.#logger.info({ cluster: key, phase: status.phase, before }, 'Phase changed');
    this.#send({ regarding: cluster, type: 'Normal', reason: 'PhaseChanged', action: 'Reconcile', note });
  }

  invalidSpec(cluster: InvalidCluster, problems: readonly string[]): void {
    const message = problems.join(' ');
    this.#logger.warn({ cluster: keyOf(nameOf(cluster)) }, message);
    this.#send({ regarding: cluster, type: 'Warning', reason: 'InvalidSpec', action: 'Reconcile', note: message });
  }

  /** The same failure again and again is one line, until something succeeds. */
  passFailed(name: ObjectName, cluster: Report['regarding'] | null, failure: PassFailure, error: unknown): void {
    this.#metrics.passFailed(failure.reason);
    const key = keyOf(name);
    const why = messageOf(error);
    if (failure.level === 'quiet') {
      this.#logger.debug({ cluster: key, reason: failure.reason }, why);
      return;
    }
    const told = this.#toldOf(key);
    if (told.failure === `${failure.reason} ${why}`) return;
    told.failure = `${failure.reason} ${why}`;
    if (failure.level === 'defect') this.#logger.error({ cluster: key, err: error }, 'A pass failed by a defect');
    else this.#logger.warn({ cluster: key, reason: failure.reason }, why);
    if (cluster === null) return;
    this.#send({ regarding: cluster, type: 'Warning', reason: 'PassFailed', action: 'Reconcile', note: why });
  }

  #toldOf(key: string): Told {
    let told = this.#told.get(key);
    if (told === undefined) {
      told = { blocks: new Set(), problems: new Set(), failure: null };
      this.#told.set(key, told);
    }
    return told;
  }
}

export function keyOf({ namespace, name }: ObjectName): string {
  return `${namespace}/${name}`;
}

export function nameOf({ metadata }: Pick<QdrantClusterResource, 'metadata'>): ObjectName {
  return { namespace: metadata.namespace ?? '', name: metadata.name ?? '' };
}
