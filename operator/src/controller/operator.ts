/**
 * The operator: it waits for the lead, then keeps caches, and passes over each cluster that something happened to. It
 * runs once: whoever lost the lead starts a new one, in a new process, so that nothing of the old one is left over.
 */
import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import { namesOf, type GroupNames } from '../api/group.js';
import { assertLeads } from '../apply/fence.js';
import type { BuildSettings } from '../build/cluster-base.js';
import type { Clock } from '../clock.js';
import { messageOf } from '../error-message.js';
import { EventRecorder } from '../k8s/events.js';
import type { Kind, KubernetesApi, ObjectName } from '../k8s/kubernetes-api.js';
import { LeaderLease } from '../k8s/lease.js';
import { OwnWrites } from '../k8s/own-writes.js';
import type { QdrantNodes } from '../qdrant/qdrant-api.js';
import { readStartScript } from '../start-script.js';
import { clusterPass } from './cluster-pass.js';
import { ClusterReports, keyOf, type ReportReason } from './cluster-reports.js';
import { GuardedKubernetes } from './guarded-kubernetes.js';
import { OperatorMetrics, type MeasuredState, type PassResult } from './metrics.js';
import type { OperatorDependencies, OperatorSettings } from './operator-dependencies.js';
import { passFailure } from './pass-failure.js';
import { ReflectedCaches } from './reflected-caches.js';
import { Secrets } from './secrets.js';
import { WorkQueue, type PassOutcome } from './work-queue.js';

export type OperatorEnd =
  | { readonly kind: 'stopped' }
  /** Nothing is written any more; the process has to end. */
  | { readonly kind: 'lead-lost'; readonly why: string };

/** A watch that has been silent for so long is dead, and so is whoever did not notice. */
const longestSilenceMs = 600_000;
const longestPassMs = 600_000;
const syncPollMs = 20;

export class Operator {
  readonly metrics: OperatorMetrics;
  readonly #settings: OperatorSettings;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #logger: Logger;
  readonly #nodes: QdrantNodes;
  readonly #names: GroupNames;
  readonly #build: BuildSettings;
  /** Counts what is asked. */
  readonly #kubernetes: KubernetesApi;
  /** Writes through it need the lead. */
  readonly #ledKubernetes: KubernetesApi;
  readonly #lease: LeaderLease;
  readonly #secrets: Secrets;
  readonly #events: EventRecorder<ReportReason>;
  readonly #reports: ClusterReports;
  readonly #caches: ReflectedCaches;
  readonly #queue: WorkQueue;
  readonly #work = new AbortController();
  readonly #ownWrites = new Map<string, OwnWrites>();
  /** When each pass that runs began. */
  readonly #passes = new Map<string, number>();
  #running = false;
  #leading = false;
  #lost: string | null = null;

  constructor(dependencies: OperatorDependencies, settings: OperatorSettings) {
    const { clock, random, logger, nodes } = dependencies;
    this.#settings = settings;
    // Every reflector and every pass that runs listens to it.
    setMaxListeners(0, this.#work.signal);
    this.#clock = clock;
    this.#random = random;
    this.#logger = logger;
    this.#nodes = nodes;
    this.#names = namesOf(settings.group);
    this.#build = { group: this.#names, nodeImage: settings.nodeImage, startScript: readStartScript() };
    this.metrics = new OperatorMetrics(() => this.#measured());
    this.#kubernetes = new GuardedKubernetes(dependencies.kubernetes, (verb, kind) =>
      this.metrics.kubernetesRequest(verb, kind),
    );
    this.#ledKubernetes = new GuardedKubernetes(this.#kubernetes, (verb) => {
      if (verb !== 'get' && verb !== 'list' && verb !== 'watch') assertLeads(this.#lease);
    });
    this.#lease = this.#newLease();
    this.#secrets = new Secrets(this.#kubernetes, clock);
    this.#events = new EventRecorder({
      ...{ api: this.#ledKubernetes, clock, controller: 'qdrant-operator', instance: settings.identity },
      onError: (error) => logger.debug(`An event was not written: ${messageOf(error)}`),
    });
    this.#reports = new ClusterReports(logger, this.metrics, (event) => this.#events.record(event));
    this.#queue = new WorkQueue({
      ...{ clock, random, concurrency: settings.concurrency },
      work: (key) => this.#pass(key),
    });
    this.#caches = new ReflectedCaches({
      ...{ kubernetes: this.#kubernetes, clock, random, logger, names: this.#names },
      namespaces: settings.watchNamespaces,
      onCluster: (name) => {
        // What the first lists bring is looked at when all of them are there.
        if (this.#leading) this.#queue.add(keyOf(name));
      },
    });
  }

  /** Until the signal is aborted or the lead is lost. Once. */
  async run(signal: AbortSignal): Promise<OperatorEnd> {
    const stop = (): void => this.#work.abort(new Error('The operator stops'));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    this.#running = true;
    const lead = new AbortController();
    const ended = new Promise<void>((resolve) => {
      if (this.#work.signal.aborted) resolve();
      this.#work.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    let working: Promise<void> = Promise.resolve();
    const leading = this.#lease
      .run(lead.signal, {
        onAcquired: () => {
          working = this.#lead();
        },
        onLost: (why) => this.#giveUp(why),
      })
      .catch((error: unknown) => this.#giveUp(messageOf(error)));
    await ended;
    this.#leading = false;
    // Given back only when nothing is under way any more that rests on it.
    await this.#queue.stop();
    await working;
    lead.abort();
    await leading;
    signal.removeEventListener('abort', stop);
    return this.#lost === null ? { kind: 'stopped' } : { kind: 'lead-lost', why: this.#lost };
  }

  /** What a liveness probe should know; empty when all is well. */
  healthProblems(): string[] {
    const problems: string[] = [];
    for (const [kind, silenceMs] of this.#caches.silenceMs()) {
      if (silenceMs > longestSilenceMs) problems.push(`${kind}: not heard of for ${Math.round(silenceMs / 1000)} s`);
    }
    const nowMs = this.#clock.monotonicMs();
    for (const [key, sinceMs] of this.#passes) {
      if (nowMs - sinceMs > longestPassMs) problems.push(`The pass over ${key} does not end`);
    }
    return problems;
  }

  /** A process that stands by is ready to take over. */
  readinessProblems(): string[] {
    if (!this.#running || this.#work.signal.aborted) return ['It does not run'];
    return this.#leading && !this.#caches.synced ? ['The caches are not filled yet'] : [];
  }

  #newLease(): LeaderLease {
    return new LeaderLease({
      ...{ api: this.#kubernetes, clock: this.#clock, random: this.#random },
      namespace: this.#settings.leaseNamespace,
      // Operators of different groups look after different resources.
      name: `qdrant-operator.${this.#names.group}`,
      identity: this.#settings.identity,
      onError: (error) => this.#logger.warn(`The Lease: ${messageOf(error)}`),
    });
  }

  #giveUp(why: string): void {
    if (this.#work.signal.aborted) return;
    this.#lost = why;
    this.#logger.error({ why }, 'The lead is lost');
    this.#work.abort(new Error('The lead is lost'));
  }

  async #lead(): Promise<void> {
    const { signal } = this.#work;
    this.#logger.info({ transitions: this.#lease.transitions }, 'Leading');
    const working = Promise.all([this.#caches.run(signal), this.#events.run(signal)]);
    try {
      while (!this.#caches.synced) await this.#clock.sleep(syncPollMs, signal);
      this.#leading = true;
      for (const name of this.#caches.clusterNames()) this.#queue.add(keyOf(name));
    } catch (error) {
      if (!signal.aborted) this.#giveUp(messageOf(error));
    }
    await working;
  }

  async #pass(key: string): Promise<PassOutcome> {
    const name = nameOfKey(key);
    const startedMs = this.#clock.monotonicMs();
    this.#passes.set(key, startedMs);
    let result: PassResult = 'failed';
    try {
      const outcome = await this.#passOnce(name, key);
      result = outcome.kind;
      if (outcome.kind === 'done') this.#ownWrites.delete(key);
      return outcome;
    } catch (error) {
      if (this.#work.signal.aborted) return { kind: 'done' };
      const failure = passFailure(error);
      if (failure.level === 'quiet') result = 'conflict';
      this.#reports.passFailed(name, this.#caches.cluster(name), failure, error);
      if (failure.leadLost) this.#giveUp(messageOf(error));
      return failure.outcome;
    } finally {
      this.#passes.delete(key);
      this.metrics.passEnded(result, (this.#clock.monotonicMs() - startedMs) / 1000);
    }
  }

  async #passOnce(name: ObjectName, key: string): Promise<PassOutcome> {
    const { signal } = this.#work;
    const writes = this.#ownWritesOf(key);
    await writes.settled(signal);
    return clusterPass(name, {
      ...{ kubernetes: writes, nodes: this.#nodes, clock: this.#clock, logger: this.#logger, fence: this.#lease },
      ...{ build: this.#build, caches: this.#caches, secrets: this.#secrets, reports: this.#reports, signal },
    });
  }

  #ownWritesOf(key: string): OwnWrites {
    let writes = this.#ownWrites.get(key);
    if (writes === undefined) {
      writes = new OwnWrites({
        api: this.#ledKubernetes,
        clock: this.#clock,
        cacheOf: (kind) => this.#caches.followed(kind),
        relist: (kind, namespace) => this.#caches.relist(kind, namespace),
      });
      this.#ownWrites.set(key, writes);
    }
    return writes;
  }

  #measured(): MeasuredState {
    const silence = [...this.#caches.silenceMs()].map(([kind, ms]): [Kind, number] => [kind, ms / 1000]);
    return {
      leading: this.#lease.remainingMs() > 0,
      queueDepth: this.#queue.depth,
      clustersByPhase: this.#caches.clustersByPhase(),
      reflectorSilenceSeconds: new Map(silence),
    };
  }
}

function nameOfKey(key: string): ObjectName {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
