/** Calls between the peers of a simulation: late, lost before or after they were done, on streams that break. */
import type { PeerId } from '../../../src/metadata/peer-id.js';
import { PeerUnreachable, type RemoteReplicas, type ReplicaHost } from '../../../src/replica/remote-replicas.js';
import type { VirtualTime } from './virtual-time.js';

export interface NetworkEnd {
  readonly id: PeerId;
  /** Counts the starts of the process. */
  readonly incarnation: number;
  readonly alive: boolean;
  readonly host: ReplicaHost | null;
}

interface Stream {
  readonly from: number;
  readonly to: number;
  broken: boolean;
  lastAtMs: number;
  readonly outstanding: Set<(error: Error) => void>;
}

export interface NetworkFaults {
  /** Chances of one call to be lost before it arrives, or its answer after it was done. */
  lostBefore: number;
  lostAfter: number;
  readonly latencyMs: (from: PeerId, to: PeerId) => number;
}

/** What keepalive takes to find out that nobody is there. */
const keepaliveMs = 500;

export class SimulatedNetwork {
  readonly faults: NetworkFaults;
  readonly #time: VirtualTime;
  readonly #ends: ReadonlyMap<PeerId, NetworkEnd>;
  readonly #cut = new Set<string>();
  readonly #streams = new Map<string, Stream>();

  constructor(time: VirtualTime, ends: ReadonlyMap<PeerId, NetworkEnd>, faults: NetworkFaults) {
    this.#time = time;
    this.#ends = ends;
    this.faults = faults;
  }

  connected(a: PeerId, b: PeerId): boolean {
    return a === b || !this.#cut.has(key(a, b));
  }

  cut(a: PeerId, b: PeerId): void {
    this.#cut.add(key(a, b));
    this.#cut.add(key(b, a));
  }

  join(a: PeerId, b: PeerId): void {
    this.#cut.delete(key(a, b));
    this.#cut.delete(key(b, a));
  }

  heal(): void {
    this.#cut.clear();
  }

  /** What a peer's process calls the others by. */
  remoteOf(from: PeerId): RemoteReplicas {
    const plain = <T>(to: PeerId, timeoutMs: number, work: (host: ReplicaHost) => Promise<T>): Promise<T> =>
      this.#call(from, to, timeoutMs, null, work);
    const ordered = <T>(to: PeerId, timeoutMs: number, work: (host: ReplicaHost) => Promise<T>): Promise<T> =>
      this.#call(from, to, timeoutMs, this.#stream(from, to), work);
    return {
      forward: (to, target, write, options) =>
        plain(to, options.timeoutMs ?? 60_000, (host) => host.forward(from, target, write, options)),
      acceptLeader: (to, target, announcement, timeoutMs) =>
        ordered(to, timeoutMs, (host) => host.acceptLeader(from, target, announcement, timeoutMs)),
      follow: (to, target, operation, options) =>
        ordered(to, options.timeoutMs, (host) => host.follow(from, target, operation, options)),
      replaceRange: (to, target, change, timeoutMs) =>
        ordered(to, timeoutMs, (host) => host.replaceRange(from, target, change, timeoutMs)),
      search: (to, target, request, ms) => plain(to, ms, (host) => host.search(from, target, request, ms)),
      retrieve: (to, target, request, ms) => plain(to, ms, (host) => host.retrieve(from, target, request, ms)),
      scroll: (to, target, request, ms) => plain(to, ms, (host) => host.scroll(from, target, request, ms)),
      count: (to, target, request, ms) => plain(to, ms, (host) => host.count(from, target, request, ms)),
      info: (to, target, ms) => plain(to, ms, (host) => host.info(from, target, ms)),
      rangeDigest: (to, target, range, ms) => plain(to, ms, (host) => host.rangeDigest(from, target, range, ms)),
      missedWrites: (to, ms) => plain(to, ms, (host) => host.missedWrites(from, ms)),
    };
  }

  #end(peer: PeerId): NetworkEnd {
    const end = this.#ends.get(peer);
    if (end === undefined) throw new Error(`there is no peer ${peer}`);
    return end;
  }

  #stream(from: PeerId, to: PeerId): Stream {
    const name = key(from, to);
    const ends = { from: this.#end(from).incarnation, to: this.#end(to).incarnation };
    const open = this.#streams.get(name);
    if (open !== undefined && !open.broken && open.from === ends.from && open.to === ends.to) return open;
    const opened: Stream = { ...ends, broken: false, lastAtMs: 0, outstanding: new Set() };
    this.#streams.set(name, opened);
    return opened;
  }

  #break(stream: Stream, error: Error): void {
    stream.broken = true;
    for (const fail of [...stream.outstanding]) fail(error);
    stream.outstanding.clear();
  }

  #call<T>(
    from: PeerId,
    to: PeerId,
    timeoutMs: number,
    stream: Stream | null,
    work: (host: ReplicaHost) => Promise<T>,
  ): Promise<T> {
    const time = this.#time;
    const sender = this.#end(from).incarnation;
    const receiver = this.#end(to).incarnation;
    const gone = new PeerUnreachable(to, `peer ${to} cannot be reached`);
    const senderLives = (): boolean => this.#end(from).alive && this.#end(from).incarnation === sender;
    const reachable = (): boolean =>
      this.connected(from, to) && this.#end(to).alive && this.#end(to).incarnation === receiver;
    return new Promise<T>((resolve, reject) => {
      let settled = false;
      const settle = (end: () => void): void => {
        if (settled) return;
        settled = true;
        takeBack();
        stream?.outstanding.delete(fail);
        // A process that is gone hears nothing.
        if (senderLives()) end();
      };
      const fail = (error: Error): void => settle(() => reject(error));
      // An ordinary call may take its time; a connection to nobody is found out.
      const takeBack = time.after(timeoutMs, () => fail(gone));
      const lose = (delayMs: number): void => {
        time.after(delayMs, () => {
          if (stream === null) fail(gone);
          else this.#break(stream, gone);
          fail(gone);
        });
      };
      stream?.outstanding.add(fail);
      if (!this.#end(to).alive) {
        lose(time.between(0.5, 2));
        return;
      }
      const arriveMs = Math.max(stream?.lastAtMs ?? 0, time.now() + this.faults.latencyMs(from, to));
      if (stream !== null) stream.lastAtMs = arriveMs;
      if (time.random() < this.faults.lostBefore) {
        lose(time.between(0, 20));
        return;
      }
      const answerLost = time.random() < this.faults.lostAfter;
      time.after(arriveMs - time.now(), () => {
        if (stream?.broken === true) {
          fail(gone);
          return;
        }
        const { host } = this.#end(to);
        if (!reachable() || host === null) {
          lose(this.#end(to).alive ? keepaliveMs : 1);
          return;
        }
        const answer = (deliver: () => void): void => {
          if (answerLost) {
            lose(time.between(0, 20));
            return;
          }
          time.after(this.faults.latencyMs(to, from), () => {
            if (reachable()) settle(deliver);
            else lose(keepaliveMs);
          });
        };
        work(host).then(
          (result) => answer(() => resolve(result)),
          (error: unknown) => answer(() => reject(error instanceof Error ? error : new Error(String(error)))),
        );
        // A receiver that dies is noticed by the connection.
        this.#watch(
          to,
          receiver,
          () => settled,
          () => lose(1),
        );
      });
    });
  }

  #watch(peer: PeerId, incarnation: number, done: () => boolean, gone: () => void): void {
    if (done()) return;
    const end = this.#end(peer);
    if (!end.alive || end.incarnation !== incarnation) gone();
    else this.#time.after(100, () => this.#watch(peer, incarnation, done, gone));
  }
}

function key(from: PeerId, to: PeerId): string {
  return `${from}>${to}`;
}
