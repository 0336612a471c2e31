/**
 * Events of events.k8s.io/v1: what `kubectl describe` shows of what was done. To tell of something costs its caller
 * nothing and never fails; the same thing again becomes a series, and who says too much is cut short.
 */
import type { EventsV1Event, V1ObjectMeta } from '@kubernetes/client-node';
import type { Clock } from '../clock.js';
import { KubernetesError, type KubernetesApi } from './kubernetes-api.js';
import { MicroTime } from './micro-time.js';

/** `Reason` is a union of literals: people filter by them. */
export interface ToldEvent<Reason extends string> {
  readonly regarding: { readonly apiVersion: string; readonly kind: string; readonly metadata: V1ObjectMeta };
  readonly type: 'Normal' | 'Warning';
  readonly reason: Reason;
  /** What was being done, in one word. */
  readonly action: string;
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  /** Which program tells, and which process of it. */
  readonly controller: string;
  readonly instance: string;
  readonly onError: (error: unknown) => void;
}

interface Series<Reason extends string> {
  readonly event: ToldEvent<Reason>;
  readonly firstAtMs: number;
  lastAtMs: number;
  count: number;
  /** As the server has it. */
  written: EventsV1Event | null;
  /** When the next write may be made; null: there is nothing to write. */
  dueAtMs: number | null;
  failures: number;
}

/** What was not said for so long is said anew. */
const seriesEndsAfterMs = 360_000;
/** A series that goes on is written no more often than this. */
const seriesPeriodMs = 60_000;
/** So many events about one object at once, and one more with each period. */
const burst = 25;
const refillMs = 60_000;
const maxSeries = 1000;
const maxFailures = 3;
const retryMs = 5000;
/** Limits of the API. */
const maxNoteBytes = 1024;
const maxWordLength = 128;
const maxNameLength = 220;

export class EventRecorder<Reason extends string> {
  readonly #options: EventRecorderOptions;
  readonly #series = new Map<string, Series<Reason>>();
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();
  #dropped = 0;
  #named = 0;
  #wake: (() => void) | null = null;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Events that were not told, because there were too many. */
  get dropped(): number {
    return this.#dropped;
  }

  record(event: ToldEvent<Reason>): void {
    const nowMs = this.#options.clock.monotonicMs();
    const uid = event.regarding.metadata.uid ?? '';
    const key = [uid, event.type, event.reason, event.action, event.note].join('\0');
    const series = this.#series.get(key);
    if (series !== undefined && nowMs - series.lastAtMs < seriesEndsAfterMs) {
      series.count += 1;
      series.lastAtMs = nowMs;
      series.dueAtMs ??= nowMs + seriesPeriodMs;
    } else if (this.#allowed(uid, nowMs)) {
      const begun = { event, firstAtMs: nowMs, lastAtMs: nowMs, count: 1, written: null, dueAtMs: nowMs, failures: 0 };
      this.#series.delete(key);
      this.#series.set(key, begun);
      this.#forgetOld(nowMs);
    } else {
      this.#dropped += 1;
    }
    this.#wake?.();
  }

  /** Writes what was recorded, one after the other, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const due = this.#due();
      if (due !== null) await this.#write(due);
      else await this.#untilDue(signal);
    }
  }

  #due(): Series<Reason> | null {
    const nowMs = this.#options.clock.monotonicMs();
    for (const series of this.#series.values()) {
      if (series.dueAtMs !== null && series.dueAtMs <= nowMs) return series;
    }
    return null;
  }

  async #untilDue(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const times = [...this.#series.values()].flatMap(({ dueAtMs }) => dueAtMs ?? []);
    const woken = new AbortController();
    const wake = (): void => woken.abort();
    this.#wake = wake;
    signal.addEventListener('abort', wake, { once: true });
    try {
      if (times.length > 0) await clock.sleep(Math.min(...times) - clock.monotonicMs(), woken.signal);
      else await aborted(woken.signal);
    } catch (error) {
      if (!woken.signal.aborted) throw error;
    } finally {
      this.#wake = null;
      signal.removeEventListener('abort', wake);
    }
  }

  async #write(series: Series<Reason>): Promise<void> {
    const { api, clock, onError } = this.#options;
    const { count } = series;
    const namespace = series.event.regarding.metadata.namespace ?? 'default';
    series.dueAtMs = null;
    try {
      if (series.written === null) {
        series.written = await api.create('Event', namespace, this.#manifest(series));
      } else {
        const name = { namespace, name: series.written.metadata?.name ?? '' };
        const next = { ...series.written, series: { count, lastObservedTime: this.#timeOf(series.lastAtMs) } };
        series.written = await api.replace('Event', name, next);
      }
      series.failures = 0;
      if (series.count > count) series.dueAtMs = clock.monotonicMs() + seriesPeriodMs;
    } catch (error) {
      onError(error);
      series.failures += 1;
      // It has been deleted, or its name is taken: said anew under another one.
      if (isStale(error)) series.written = null;
      const lasting = error instanceof KubernetesError && (error.kind === 'invalid' || error.kind === 'forbidden');
      if (!lasting && series.failures < maxFailures) series.dueAtMs = clock.monotonicMs() + retryMs * series.failures;
    }
  }

  #manifest({ event, firstAtMs, lastAtMs, count }: Series<Reason>): EventsV1Event {
    const { apiVersion, kind, metadata } = event.regarding;
    const { name = '', namespace = 'default', uid, resourceVersion } = metadata;
    this.#named += 1;
    const own = `${this.#options.clock.nowMs().toString(16)}${this.#named.toString(16)}`;
    return {
      metadata: { name: `${name.slice(0, maxNameLength)}.${own}`, namespace },
      eventTime: this.#timeOf(firstAtMs),
      type: event.type,
      reason: event.reason,
      action: event.action.slice(0, maxWordLength),
      note: shortened(event.note),
      reportingController: this.#options.controller,
      reportingInstance: this.#options.instance.slice(0, maxWordLength),
      regarding: {
        ...{ apiVersion, kind, name, namespace },
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      ...(count > 1 ? { series: { count, lastObservedTime: this.#timeOf(lastAtMs) } } : {}),
    };
  }

  #timeOf(monotonicMs: number): MicroTime {
    const { clock } = this.#options;
    return new MicroTime(clock.nowMs() - (clock.monotonicMs() - monotonicMs));
  }

  #allowed(uid: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(uid) ?? { tokens: burst, atMs: nowMs };
    const refilled = Math.floor((nowMs - bucket.atMs) / refillMs);
    const tokens = Math.min(burst, bucket.tokens + refilled);
    // The one used longest ago is full again by now, or its object has little to say.
    this.#buckets.delete(uid);
    if (this.#buckets.size >= maxSeries) deleteFirst(this.#buckets);
    this.#buckets.set(uid, { tokens: Math.max(0, tokens - 1), atMs: bucket.atMs + refilled * refillMs });
    return tokens > 0;
  }

  #forgetOld(nowMs: number): void {
    for (const [key, series] of this.#series) {
      const isOver = series.dueAtMs === null && nowMs - series.lastAtMs >= seriesEndsAfterMs;
      if (isOver) this.#series.delete(key);
    }
    if (this.#series.size <= maxSeries) return;
    this.#dropped += 1;
    deleteFirst(this.#series);
  }
}

function deleteFirst(map: Map<string, unknown>): void {
  const first = map.keys().next();
  if (first.done !== true) map.delete(first.value);
}

function isStale(error: unknown): boolean {
  return (
    error instanceof KubernetesError &&
    (error.kind === 'not-found' || error.kind === 'conflict' || error.kind === 'already-exists')
  );
}

/** Never cut within a character; halves of one are replaced. */
function shortened(note: string): string {
  const bytes = Buffer.from(note, 'utf8');
  if (bytes.length <= maxNoteBytes) return bytes.toString('utf8');
  const cut = new TextDecoder('utf-8').decode(bytes.subarray(0, maxNoteBytes - 3), { stream: true });
  return `${cut}...`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
