import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { randomBelow, type Random } from './seeded-random.js';

export const PAGE_BYTES = 4096;

interface PageUpdate {
  readonly position: number;
  readonly offset: number;
  readonly data: Buffer;
}

/**
 * The content of one file: what is durable, and what was done since. Each page goes to the disk by
 * itself: after power loss it holds what is durable plus the first so many of its later updates.
 */
export class DiskFile {
  /** Size that the running process sees. */
  size = 0;
  #durableSize = 0;
  readonly #durable = new Map<number, Buffer>();
  #pending = new Map<number, PageUpdate[]>();
  #pendingSizes: { position: number; size: number }[] = [];

  static durable(content: Buffer): DiskFile {
    const file = new DiskFile();
    file.write(0, 0, content);
    file.sync(Number.POSITIVE_INFINITY);
    return file;
  }

  write(position: number, offset: number, data: Buffer): void {
    for (let done = 0; done < data.length;) {
      const page = Math.floor((offset + done) / PAGE_BYTES);
      const inPage = (offset + done) % PAGE_BYTES;
      const length = Math.min(PAGE_BYTES - inPage, data.length - done);
      this.#update(page, { position, offset: inPage, data: data.subarray(done, done + length) });
      done += length;
    }
    this.grow(position, offset + data.length);
  }

  grow(position: number, size: number): void {
    if (size > this.size) this.#resize(position, size);
  }

  truncate(position: number, size: number): void {
    // What is cut off reads as zeros when the file grows again.
    for (const page of new Set([...this.#durable.keys(), ...this.#pending.keys()])) {
      const start = Math.max(0, size - page * PAGE_BYTES);
      if (start < PAGE_BYTES) this.#update(page, { position, offset: start, data: Buffer.alloc(PAGE_BYTES - start) });
    }
    this.#resize(position, size);
  }

  /** Everything before `began` becomes durable. */
  sync(began: number): void {
    for (const [page, updates] of this.#pending) {
      for (const update of updates) {
        if (update.position < began) update.data.copy(this.#durablePage(page), update.offset);
      }
    }
    for (const { position, size } of this.#pendingSizes) {
      if (position < began) this.#durableSize = size;
    }
    this.#drop(began);
  }

  /** Everything before `began` is lost, although the process still sees it: Linux marks the pages clean. */
  failSync(began: number): void {
    this.#drop(began);
  }

  /** Writes what a disk may hold that lost power now; `share` of the updated pages went out whole. */
  writeImage(path: string, random: Random, share: number): void {
    const sizes = [this.#durableSize, ...this.#pendingSizes.map((each) => each.size)];
    const size = random() < share ? sizes.at(-1)! : sizes[randomBelow(random, sizes.length)]!;
    const file = openSync(path, 'w');
    try {
      for (const page of new Set([...this.#durable.keys(), ...this.#pending.keys()])) {
        const content = Buffer.alloc(PAGE_BYTES);
        this.#durable.get(page)?.copy(content);
        const updates = this.#pending.get(page) ?? [];
        const count = random() < share ? updates.length : randomBelow(random, updates.length + 1);
        for (const update of updates.slice(0, count)) update.data.copy(content, update.offset);
        const length = Math.min(PAGE_BYTES, size - page * PAGE_BYTES);
        if (length > 0) writeSync(file, content, 0, length, page * PAGE_BYTES);
      }
      ftruncateSync(file, size);
    } finally {
      closeSync(file);
    }
  }

  #durablePage(page: number): Buffer {
    let content = this.#durable.get(page);
    if (content === undefined) {
      content = Buffer.alloc(PAGE_BYTES);
      this.#durable.set(page, content);
    }
    return content;
  }

  #update(page: number, update: PageUpdate): void {
    const updates = this.#pending.get(page);
    if (updates === undefined) {
      this.#pending.set(page, [update]);
    } else {
      updates.push(update);
    }
  }

  #resize(position: number, size: number): void {
    this.size = size;
    this.#pendingSizes.push({ position, size });
  }

  #drop(began: number): void {
    const left = new Map<number, PageUpdate[]>();
    for (const [page, updates] of this.#pending) {
      const kept = updates.filter((update) => update.position >= began);
      if (kept.length > 0) left.set(page, kept);
    }
    this.#pending = left;
    this.#pendingSizes = this.#pendingSizes.filter((each) => each.position >= began);
  }
}
