import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readJournal, type DiskEvent } from './disk-journal.js';
import { DiskModel } from './disk-model.js';
import { randomBelow, seededRandom } from './seeded-random.js';

const source = fileURLToPath(new URL('power_loss.c', import.meta.url));

export interface Faults {
  /** Files may grow by this many bytes in all; then the disk is full. */
  readonly spaceBytes?: number;
  /** The disk is full while a file of this name exists. */
  readonly fullFlag?: string;
  /** This sync, counted from 1, fails; with `syncPath` only syncs of files with that text in their path count. */
  readonly failSync?: number;
  readonly syncPath?: string;
}

export interface WatchedDiskOptions {
  /** The folder on the disk that loses power. Created when missing. */
  readonly folder: string;
  /** A folder outside of it for the shim, its journal and the images. Created when missing. */
  readonly workFolder: string;
  /** Writes to this descriptor of the process count as what it has promised. */
  readonly marksDescriptor?: number;
  readonly faults?: Faults;
}

/** A moment at which power was lost. */
export interface PowerLoss {
  /** A folder that holds what was left. */
  readonly image: string;
  /** What the process had promised by then. */
  readonly marks: string;
  /** Bytes that the journal had by then (see `journalBytes`). */
  readonly position: number;
  /** Names the case. */
  readonly seed: number;
}

/** Compiles the shim into `folder` unless it is there, and returns its path. */
export function buildShim(folder: string): string {
  const library = join(folder, 'power_loss.so');
  if (!existsSync(library)) {
    execFileSync('cc', [
      '-shared',
      '-fPIC',
      '-O1',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-o',
      library,
      source,
      '-ldl',
      '-lpthread',
    ]);
  }
  return library;
}

/** A folder as one process sees it that is started with `environment`: journaled, and with faults. */
export class WatchedDisk {
  readonly environment: Readonly<Record<string, string>>;
  readonly #folder: string;
  readonly #work: string;

  constructor(options: WatchedDiskOptions) {
    mkdirSync(options.folder, { recursive: true });
    mkdirSync(options.workFolder, { recursive: true });
    this.#folder = realpathSync(options.folder);
    this.#work = mkdtempSync(join(realpathSync(options.workFolder), 'run-'));
    cpSync(this.#folder, join(this.#work, 'baseline'), { recursive: true });
    const faults = options.faults ?? {};
    const settings: Record<string, string | number | undefined> = {
      POWER_LOSS_FOLDER: this.#folder,
      POWER_LOSS_JOURNAL: join(this.#work, 'journal'),
      POWER_LOSS_MARKS_FD: options.marksDescriptor,
      POWER_LOSS_SPACE: faults.spaceBytes,
      POWER_LOSS_FULL_FLAG: faults.fullFlag,
      POWER_LOSS_FAIL_SYNC: faults.failSync,
      POWER_LOSS_SYNC_PATH: faults.syncPath,
    };
    const given = Object.entries(settings).filter(([, value]) => value !== undefined);
    this.environment = {
      ...Object.fromEntries(given.map(([name, value]) => [name, String(value)])),
      LD_PRELOAD: buildShim(realpathSync(options.workFolder)),
      // The shim sees system calls that go through libc.
      UV_USE_IO_URING: '0',
    };
  }

  events(): DiskEvent[] {
    return readJournal(join(this.#work, 'journal'));
  }

  /** Grows with everything that the process does to the folder: a clock for who watches from outside. */
  journalBytes(): number {
    return statSync(join(this.#work, 'journal')).size;
  }

  /**
   * Loses power `count` times at random moments of the run from event `from` on, the end included, in their
   * order. Each image is removed after its check.
   */
  async lose(count: number, seed: number, check: (loss: PowerLoss) => void | Promise<void>, from = 0): Promise<void> {
    const events = this.events();
    const end = this.journalBytes();
    const random = seededRandom(seed);
    const moments = Array.from({ length: count }, () => from + randomBelow(random, events.length + 1 - from));
    const disk = new DiskModel(this.#folder, join(this.#work, 'baseline'));
    let next = 0;
    for (const [index, moment] of moments.sort((a, b) => a - b).entries()) {
      for (const event of events.slice(next, moment)) disk.apply(event);
      next = moment;
      const imageSeed = seed * 1_000_003 + index;
      const image = join(this.#work, `image-${index}`);
      disk.writeImage(image, seededRandom(imageSeed));
      try {
        await check({ image, marks: disk.marks, position: events[moment]?.position ?? end, seed: imageSeed });
      } finally {
        rmSync(image, { recursive: true, force: true });
      }
    }
  }

  /** Removes the journal. The process must have ended. */
  remove(): void {
    rmSync(this.#work, { recursive: true, force: true });
  }
}
