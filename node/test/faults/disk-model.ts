import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { DiskFile } from './disk-file.js';
import type { DiskEvent } from './disk-journal.js';
import type { Random } from './seeded-random.js';

class DiskFolder {
  readonly durable = new Map<string, DiskNode>();
  readonly current = new Map<string, DiskNode>();
}

type DiskNode = DiskFile | DiskFolder;

/** One change of a name: to what it stands for, or to nothing when it stood for `was`. */
interface NameChange {
  readonly folder: DiskFolder;
  readonly name: string;
  readonly now: DiskNode | null;
  readonly was: DiskNode | null;
}

interface PendingNames {
  readonly position: number;
  readonly changes: readonly NameChange[];
}

function applyChange(entries: Map<string, DiskNode>, change: NameChange): void {
  if (change.now !== null) {
    entries.set(change.name, change.now);
  } else if (entries.get(change.name) === change.was) {
    entries.delete(change.name);
  }
}

/**
 * A folder on a disk that may lose power, fed with the events of a journal.
 *
 * The model is harsher than the file systems that we know, and allowed by POSIX: the content and size
 * of a file are durable after fsync or fdatasync of that file; a new, renamed or removed name is
 * durable after fsync of a folder that it was changed in, and not by a sync of the file. Of what
 * is not durable any part may be on the disk: each 4 KiB page with the first so many of its updates,
 * any of the sizes that the file had, and any subset of the operations on names. A rename is never
 * half done.
 */
export class DiskModel {
  readonly #root = new DiskFolder();
  readonly #handles = new Map<bigint, DiskNode>();
  readonly #path: string;
  #pending: PendingNames[] = [];
  #marks: Buffer[] = [];

  /** `path` is the folder as the journal names it; `baseline`, when given, a copy of what was in it before. */
  constructor(path: string, baseline?: string) {
    this.#path = path;
    if (baseline !== undefined) load(this.#root, baseline);
  }

  /** What the process had written to its marks. */
  get marks(): string {
    return Buffer.concat(this.#marks).toString();
  }

  apply(event: DiskEvent): void {
    const { position } = event;
    switch (event.kind) {
      case 'open':
        this.#open(event);
        break;
      case 'close':
        this.#handles.delete(event.handle);
        break;
      case 'write':
        this.#file(event.handle)?.write(position, event.offset, event.data);
        break;
      case 'truncate':
        this.#file(event.handle)?.truncate(position, event.size);
        break;
      case 'grow':
        this.#file(event.handle)?.grow(position, event.size);
        break;
      case 'truncate path': {
        const node = this.#find(event.path);
        if (node instanceof DiskFile) node.truncate(position, event.size);
        break;
      }
      case 'sync':
        this.#sync(event.handle, event.began);
        break;
      case 'sync failed':
        this.#file(event.handle)?.failSync(event.began);
        break;
      case 'rename':
        this.#rename(position, event.from, event.to);
        break;
      case 'link':
        this.#change(position, [this.#set(event.to, this.#find(event.from))]);
        break;
      case 'unlink':
      case 'rmdir':
        this.#change(position, [this.#set(event.path, null)]);
        break;
      case 'mkdir':
        this.#change(position, [this.#set(event.path, new DiskFolder())]);
        break;
      case 'mark':
        this.#marks.push(event.data);
        break;
      default:
        event satisfies never;
    }
  }

  /** Writes to the new folder `target` what the disk may hold when power is lost now. */
  writeImage(target: string, random: Random): void {
    const share = [0, 0.3, 0.7, 0.95, 1][Math.floor(random() * 5)]!;
    const images = new Map<DiskFolder, Map<string, DiskNode>>();
    const imageOf = (folder: DiskFolder): Map<string, DiskNode> => {
      let image = images.get(folder);
      if (image === undefined) {
        image = new Map(folder.durable);
        images.set(folder, image);
      }
      return image;
    };
    for (const { changes } of this.#pending) {
      if (random() >= share) continue;
      for (const change of changes) applyChange(imageOf(change.folder), change);
    }
    const write = (folder: DiskFolder, path: string): void => {
      mkdirSync(path, { recursive: true });
      for (const [name, node] of imageOf(folder)) {
        if (node instanceof DiskFolder) {
          write(node, join(path, name));
        } else {
          node.writeImage(join(path, name), random, share);
        }
      }
    };
    write(this.#root, target);
  }

  #open(event: Extract<DiskEvent, { kind: 'open' }>): void {
    let node = this.#find(event.path);
    if (node === null && event.create) {
      node = new DiskFile();
      this.#change(event.position, [this.#set(event.path, node)]);
    }
    if (node === null) return;
    if (event.empty && node instanceof DiskFile && node.size > 0) node.truncate(event.position, 0);
    this.#handles.set(event.handle, node);
  }

  #sync(handle: bigint, began: number): void {
    const node = this.#handles.get(handle);
    if (node instanceof DiskFile) node.sync(began);
    if (!(node instanceof DiskFolder)) return;
    this.#pending = this.#pending.filter(({ position, changes }) => {
      if (position >= began || !changes.some((change) => change.folder === node)) return true;
      for (const change of changes) applyChange(change.folder.durable, change);
      return false;
    });
  }

  #rename(position: number, from: string, to: string): void {
    const node = this.#find(from);
    if (node === null) return;
    this.#change(position, [this.#set(from, null), this.#set(to, node)]);
  }

  #change(position: number, wanted: readonly (NameChange | null)[]): void {
    const changes = wanted.filter((change) => change !== null);
    for (const change of changes) applyChange(change.folder.current, change);
    if (changes.length > 0) this.#pending.push({ position, changes });
  }

  /** The change of `path`, or nothing when its folder is outside. */
  #set(path: string, now: DiskNode | null): NameChange | null {
    const folder = this.#find(dirname(path));
    if (!(folder instanceof DiskFolder)) return null;
    const name = basename(path);
    const was = folder.current.get(name) ?? null;
    return now === null && was === null ? null : { folder, name, now, was };
  }

  #find(path: string): DiskNode | null {
    const inside = relative(this.#path, path);
    if (inside.startsWith('..')) return null;
    let node: DiskNode = this.#root;
    for (const part of inside === '' ? [] : inside.split('/')) {
      const next: DiskNode | undefined = node instanceof DiskFolder ? node.current.get(part) : undefined;
      if (next === undefined) return null;
      node = next;
    }
    return node;
  }

  #file(handle: bigint): DiskFile | undefined {
    const node = this.#handles.get(handle);
    return node instanceof DiskFile ? node : undefined;
  }
}

function load(folder: DiskFolder, path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inside = join(path, entry.name);
    let node: DiskNode;
    if (entry.isDirectory()) {
      node = new DiskFolder();
      load(node, inside);
    } else {
      node = DiskFile.durable(readFileSync(inside));
    }
    folder.durable.set(entry.name, node);
    folder.current.set(entry.name, node);
  }
}
