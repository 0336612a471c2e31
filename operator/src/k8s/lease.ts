/**
 * Who leads, by a Lease: taken when it is free, renewed while it is held, given back at the end. Clocks of others are
 * never believed: a Lease has run out when its record has not changed for its whole duration on our monotonic clock.
 * What remains of our own is counted from before the renewal was sent, so it ends here before it ends for anybody else.
 */
import type { V1Lease } from '@kubernetes/client-node';
import type { Clock } from '../clock.js';
import { KubernetesError, type KubernetesApi } from './kubernetes-api.js';
import { MicroTime } from './micro-time.js';

export interface LeaseOptions {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly namespace: string;
  readonly name: string;
  /** Of one process at a time: who finds its own name in the record takes it for that of a process before it. */
  readonly identity: string;
  readonly durationMs?: number;
  /** Without a renewal for so long the lead is given up. */
  readonly renewDeadlineMs?: number;
  readonly retryMs?: number;
  /** Calls that fail; the lease goes on. */
  readonly onError: (error: unknown) => void;
}

export interface LeadListener {
  onAcquired(): void;
  /** Once, and nothing is acquired again after it. */
  onLost(why: string): void;
}

interface HeldLease {
  readonly record: V1Lease;
  readonly renewalSentAtMs: number;
  readonly transitions: number;
}

/** What others ask for is believed only within reason: a record of years would keep everybody out. */
const longestDurationMs = 300_000;
const maxTransitions = 2_147_483_647;

export class LeaderLease {
  readonly #options: LeaseOptions;
  readonly #durationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryMs: number;
  #held: HeldLease | null = null;
  #transitions = 0;
  #observed: { readonly version: string; readonly atMs: number } | null = null;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#durationMs = options.durationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryMs = options.retryMs ?? 2000;
  }

  /** How long the lead lasts yet, by the monotonic clock; 0 without it. */
  remainingMs(): number {
    if (this.#held === null) return 0;
    return Math.max(0, this.#held.renewalSentAtMs + this.#durationMs - this.#options.clock.monotonicMs());
  }

  /** How often the Lease had changed hands when we last got it. */
  get transitions(): number {
    return this.#transitions;
  }

  /** Until the lead is lost, or the signal is aborted: then it is given back, and nothing may be under way any more. */
  async run(signal: AbortSignal, listener: LeadListener): Promise<void> {
    if (!(await this.#acquire(signal))) return;
    listener.onAcquired();
    const lost = await this.#keep(signal);
    this.#held = null;
    if (lost !== null) listener.onLost(lost);
    else await this.#release(this.#transitions);
  }

  async #acquire(signal: AbortSignal): Promise<boolean> {
    const { random, onError } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#bounded(this.#renewDeadlineMs, signal, (call) => this.#tryAcquire(call));
      } catch (error) {
        if (!isAborted(signal) && !isRace(error)) onError(error);
      }
      // An answer that came too late is a lead that is over already.
      if (this.remainingMs() > this.#durationMs - this.#renewDeadlineMs) return true;
      this.#held = null;
      await this.#sleep(this.#retryMs * (1 + random() / 5), signal);
    }
    return false;
  }

  async #tryAcquire(signal: AbortSignal): Promise<void> {
    const { api, clock, namespace, name, identity } = this.#options;
    const record = await api.get('Lease', { namespace, name }, signal);
    const renewalSentAtMs = clock.monotonicMs();
    if (record === null) {
      const created = await api.create('Lease', namespace, this.#record({ metadata: { name } }, 0), signal);
      this.#become(created, renewalSentAtMs, 0, signal);
      return;
    }
    const version = record.metadata?.resourceVersion ?? '';
    if (this.#observed?.version !== version) this.#observed = { version, atMs: renewalSentAtMs };
    const holder = record.spec?.holderIdentity ?? '';
    const ranOut = renewalSentAtMs - this.#observed.atMs >= this.#durationOf(record);
    if (holder !== '' && holder !== identity && !ranOut) return;
    const transitions = (transitionsOf(record) + 1) % maxTransitions;
    const taken = await api.replace('Lease', { namespace, name }, this.#record(record, transitions), signal);
    this.#become(taken, renewalSentAtMs, transitions, signal);
  }

  /** Null: the signal was aborted; else why the lead is lost. */
  async #keep(signal: AbortSignal): Promise<string | null> {
    for (;;) {
      await this.#sleep(this.#retryMs, signal);
      if (signal.aborted) return null;
      const lost = await this.#renew(signal);
      if (lost !== null) return lost;
      if (isAborted(signal)) return null;
    }
  }

  async #renew(signal: AbortSignal): Promise<string | null> {
    const { onError } = this.#options;
    const leftMs = this.#untilDeadlineMs();
    if (leftMs <= 0) return `it was not renewed for ${this.#renewDeadlineMs} ms`;
    try {
      const callMs = Math.min(leftMs, this.#renewDeadlineMs / 2);
      return await this.#bounded(callMs, signal, (call) => this.#tryRenew(call));
    } catch (error) {
      if (!isAborted(signal)) onError(error);
      return null;
    }
  }

  async #tryRenew(signal: AbortSignal): Promise<string | null> {
    const { api, namespace, name, identity } = this.#options;
    const held = this.#held;
    if (held === null) return 'it is not held';
    try {
      await this.#write(held, signal);
      return null;
    } catch (error) {
      if (!isRace(error)) throw error;
    }
    // Somebody wrote it: maybe we ourselves, by a renewal whose answer was lost.
    const record = await api.get('Lease', { namespace, name }, signal);
    if (record === null) return 'the Lease was deleted';
    const holder = record.spec?.holderIdentity ?? '';
    if (holder !== identity || transitionsOf(record) !== held.transitions) return 'another process has taken it';
    await this.#write({ ...held, record }, signal);
    return null;
  }

  async #write({ record, transitions }: HeldLease, signal: AbortSignal): Promise<void> {
    const { api, clock, namespace, name } = this.#options;
    const renewalSentAtMs = clock.monotonicMs();
    const renewed = await api.replace('Lease', { namespace, name }, this.#record(record, transitions), signal);
    this.#become(renewed, renewalSentAtMs, transitions, signal);
  }

  async #release(transitions: number): Promise<void> {
    const { onError } = this.#options;
    try {
      await this.#bounded(this.#retryMs, new AbortController().signal, (call) => this.#tryRelease(transitions, call));
    } catch (error) {
      // It runs out by itself.
      onError(error);
    }
  }

  async #tryRelease(transitions: number, signal: AbortSignal): Promise<void> {
    const { api, namespace, name, identity } = this.#options;
    // A renewal may have been under way when the end came.
    const record = await api.get('Lease', { namespace, name }, signal);
    if (record?.spec?.holderIdentity !== identity || transitionsOf(record) !== transitions) return;
    const spec = { ...record.spec, holderIdentity: '', leaseDurationSeconds: 1 };
    await api.replace('Lease', { namespace, name }, { ...record, spec }, signal);
  }

  /** An answer after its call was given up changes nothing. */
  #become(record: V1Lease, renewalSentAtMs: number, transitions: number, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#held = { record, renewalSentAtMs, transitions };
    this.#transitions = transitions;
  }

  #record(before: V1Lease, transitions: number): V1Lease {
    const now = new MicroTime(this.#options.clock.nowMs());
    const acquired = this.#held === null ? now : (before.spec?.acquireTime ?? now);
    return {
      ...before,
      spec: {
        ...before.spec,
        holderIdentity: this.#options.identity,
        leaseDurationSeconds: Math.max(1, Math.round(this.#durationMs / 1000)),
        acquireTime: acquired,
        renewTime: now,
        leaseTransitions: transitions,
      },
    };
  }

  #durationOf(record: V1Lease): number {
    const seconds = record.spec?.leaseDurationSeconds;
    const theirsMs = typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : this.#durationMs;
    return Math.min(theirsMs, longestDurationMs);
  }

  #untilDeadlineMs(): number {
    return this.remainingMs() - (this.#durationMs - this.#renewDeadlineMs);
  }

  /** Ends after the time given, also when the call takes no notice of being aborted. */
  async #bounded<T>(ms: number, signal: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const bound = new AbortController();
    const end = (): void => bound.abort(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    const late = this.#options.clock.sleep(ms, bound.signal).then((): never => {
      throw new KubernetesError('unavailable', `the Lease: no answer within ${Math.round(ms)} ms`);
    });
    try {
      return await Promise.race([call(bound.signal), late]);
    } finally {
      signal.removeEventListener('abort', end);
      bound.abort();
    }
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.clock.sleep(ms, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

/** Somebody else was faster, which is how elections go. */
function isRace(error: unknown): boolean {
  return (
    error instanceof KubernetesError &&
    (error.kind === 'conflict' || error.kind === 'already-exists' || error.kind === 'not-found')
  );
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function transitionsOf(record: V1Lease): number {
  const transitions = record.spec?.leaseTransitions;
  return Number.isSafeInteger(transitions) && transitions !== undefined && transitions >= 0 ? transitions : 0;
}
