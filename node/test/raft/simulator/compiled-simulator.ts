import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import type { SeedRange, SeedReport } from './run-seeds.js';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '..', '..', '..');
const raft = join(root, 'src', 'raft');
/** The one file outside both folders that the simulator needs. */
const seededRandom = join(root, 'test', 'faults', 'seeded-random.ts');

/** One text of one file of raft, and what stands there instead. The text must be there exactly once. */
export interface Alteration {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

function sourcesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => join(folder, file));
}

function compile(text: string): string {
  const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  return ts.transpileModule(text, { compilerOptions }).outputText;
}

/**
 * Raft and its simulator as plain JavaScript in a temporary folder, run by processes of their own: several times
 * faster than under the test runner, and the place to plant defects, so that the product has no switches for them.
 */
export class CompiledSimulator {
  readonly #folder = mkdtempSync(join(tmpdir(), 'raft-simulator-'));
  #copies = 0;

  constructor() {
    const sources = [...sourcesBelow(raft), ...sourcesBelow(join(import.meta.dirname, '..')), seededRandom];
    for (const file of sources) this.#write(join('plain', relative(root, file)), compile(readFileSync(file, 'utf8')));
    writeFileSync(join(this.#folder, 'package.json'), '{ "type": "module" }');
  }

  #write(file: string, text: string): void {
    const path = join(this.#folder, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** Runs the seeds over raft as it is, or as it is altered. */
  async run(range: SeedRange, alterations: readonly Alteration[] = []): Promise<SeedReport> {
    const folder = alterations.length === 0 ? 'plain' : this.#altered(alterations);
    const main = join(this.#folder, folder, 'test', 'raft', 'simulator', 'main.js');
    const { stdout } = await run(process.execPath, [main, JSON.stringify(range)], { maxBuffer: 256 * 1024 * 1024 });
    return JSON.parse(stdout) as SeedReport;
  }

  #altered(alterations: readonly Alteration[]): string {
    const folder = `altered-${(this.#copies += 1)}`;
    cpSync(join(this.#folder, 'plain'), join(this.#folder, folder), { recursive: true });
    const texts = new Map<string, string>();
    for (const { file, find, replace } of alterations) {
      const parts = (texts.get(file) ?? readFileSync(join(raft, file), 'utf8')).split(find);
      if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${find}`);
      texts.set(file, parts.join(replace));
    }
    for (const [file, text] of texts) this.#write(join(folder, 'src', 'raft', file), compile(text));
    return folder;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
