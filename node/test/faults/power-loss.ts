import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DiskEvent } from './disk-journal.js';
import { WatchedDisk, type WatchedDiskOptions } from './watched-disk.js';

export type { Faults } from './watched-disk.js';

export interface PowerLossOptions extends WatchedDiskOptions {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** One process over a disk that may lose power at any moment, or be full, or fail. */
export class PowerLossRun {
  readonly process: ChildProcess;
  readonly #disk: WatchedDisk;

  constructor(options: PowerLossOptions) {
    this.#disk = new WatchedDisk(options);
    this.process = spawn(options.command, options.arguments, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...options.environment, ...this.#disk.environment },
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
    return this.#disk.events();
  }

  /** As `WatchedDisk.lose`, with what the process had promised in its marks. */
  async lose(
    count: number,
    seed: number,
    check: (image: string, marks: string, seed: number) => void | Promise<void>,
    from = 0,
  ): Promise<void> {
    await this.#disk.lose(count, seed, (loss) => check(loss.image, loss.marks, loss.seed), from);
  }

  /** Ends the process if it runs, and removes the journal. */
  async dispose(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended();
    this.#disk.remove();
  }
}

/** A new folder for one test, without symbolic links in its path. */
export function temporaryFolder(): string {
  return mkdtempSync(join(realpathSync(tmpdir()), 'vdb-power-loss-'));
}
