import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

export interface PowerLossOptions {
  readonly command: string;
  readonly arguments: readonly string[];
  /** The folder on the disk that loses power. Created when missing. */
  readonly folder: string;
  /** A folder outside of it for the shim, its journal and the images. Created when missing. */
  readonly workFolder: string;
  /** Writes to this descriptor of the process count as what it has promised. */
  readonly marksDescriptor?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly faults?: Faults;
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

/** One process over a disk that may lose power at any moment, or be full, or fail. */
export class PowerLossRun {
  readonly process: ChildProcess;
  readonly #folder: string;
  readonly #work: string;

  constructor(options: PowerLossOptions) {
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
    this.process = spawn(options.command, options.arguments, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        ...process.env,
        ...options.environment,
        ...Object.fromEntries(given.map(([name, value]) => [name, String(value)])),
        LD_PRELOAD: buildShim(realpathSync(options.workFolder)),
        // The shim sees system calls that go through libc.
        UV_USE_IO_URING: '0',
      },
    });
  }

  /** Resolves to the exit code, or the name of the signal that ended the process. */
  async ended(): Promise<number | NodeJS.Signals> {
    const { exitCode, signalCode } = this.process;
    if (exitCode !== null) return exitCode;
    if (signalCode !== null) return signalCode;
    return new Promise((resolve, reject) => {
      this.process.once('error', reject);
      this.process.once('exit', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'));
    });
  }

  events(): DiskEvent[] {
    return readJournal(join(this.#work, 'journal'));
  }

  /**
   * Loses power `count` times at random moments of the run, the end included, in their order. For
   * each it calls `check` with a folder that holds what was left (removed afterwards), what the
   * process had promised by then, and a seed that names the case.
   */
  async lose(
    count: number,
    seed: number,
    check: (image: string, marks: string, seed: number) => void | Promise<void>,
    from = 0,
  ): Promise<void> {
    const events = this.events();
    const random = seededRandom(seed);
    const moments = Array.from({ length: count }, () => from + randomBelow(random, events.length + 1 - from)).sort(
      (a, b) => a - b,
    );
    const disk = new DiskModel(this.#folder, join(this.#work, 'baseline'));
    let next = 0;
    for (const [index, moment] of moments.entries()) {
      while (next < moment) disk.apply(events[next++]!);
      const imageSeed = seed * 1_000_003 + index;
      const image = join(this.#work, `image-${index}`);
      disk.writeImage(image, seededRandom(imageSeed));
      try {
        await check(image, disk.marks, imageSeed);
      } finally {
        rmSync(image, { recursive: true, force: true });
      }
    }
  }

  /** Ends the process if it runs, and removes the journal. */
  async dispose(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended();
    rmSync(this.#work, { recursive: true, force: true });
  }
}

/** A new folder for one test, without symbolic links in its path. */
export function temporaryFolder(): string {
  return mkdtempSync(join(realpathSync(tmpdir()), 'vdb-power-loss-'));
}
