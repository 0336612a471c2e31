import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import type { RaftNode } from '../../../src/raft/raft-node.js';
import type { MakeRaft } from './simulated-peer.js';

const source = resolve(import.meta.dirname, '..', '..', '..', 'src', 'raft');

/** One text of one file of raft, and what stands there instead. The text must be there exactly once. */
export interface Alteration {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

function compile(text: string): string {
  const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  return ts.transpileModule(text, { compilerOptions }).outputText;
}

/** Copies of raft with defects, compiled apart from the product, so that the product has no switches for them. */
export class AlteredRafts {
  readonly #folder = mkdtempSync(join(tmpdir(), 'altered-raft-'));
  readonly #sources = new Map<string, string>();
  readonly #compiled = new Map<string, string>();
  #made = 0;

  constructor() {
    for (const file of readdirSync(source)) {
      const text = readFileSync(join(source, file), 'utf8');
      this.#sources.set(file, text);
      this.#compiled.set(file.replace(/\.ts$/, '.js'), compile(text));
    }
  }

  async make(alterations: readonly Alteration[]): Promise<MakeRaft> {
    const folder = mkdtempSync(join(this.#folder, `${(this.#made += 1)}-`));
    const texts = new Map<string, string>();
    for (const { file, find, replace } of alterations) {
      const text = texts.get(file) ?? this.#sources.get(file) ?? '';
      const parts = text.split(find);
      if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${find}`);
      texts.set(file, parts.join(replace));
    }
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    for (const [file, text] of this.#compiled) writeFileSync(join(folder, file), text);
    for (const [file, text] of texts) writeFileSync(join(folder, file.replace(/\.ts$/, '.js')), compile(text));
    const entry = pathToFileURL(join(folder, 'raft-node.js')).href;
    const { RaftNode: Altered } = (await import(/* @vite-ignore */ entry)) as { RaftNode: typeof RaftNode };
    return (config, restored) => new Altered(config, restored);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
