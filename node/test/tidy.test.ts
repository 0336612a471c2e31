import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..', '..');
const notOurs = new Set(['node_modules', 'dist', 'build', 'generated', 'coverage', 'storage', 'snapshots', '.git']);
const linesPerFile = 500;
const linesPerFunction = 70;
const bytesPerFile = 2 * 1024 * 1024;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (notOurs.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [relative(root, path)] : [];
  });
}

const files = filesBelow(root);
const sources = files.filter((file) => /\.(ts|mjs|cjs|js|cc|h|py|sh)$/.test(file) || file === 'Makefile');
const texts = files.filter((file) => sources.includes(file) || /\.(md|json|ya?ml|gyp|proto)$/.test(file));

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function linesMatching(names: readonly string[], pattern: RegExp): string[] {
  return names.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );
}

/**
 * Functions of C++ at the outermost level of a namespace: from a line that starts in the first column and ends with an opening
 * brace to the closing brace in the first column. Classes, namespaces and tables are not functions.
 */
function longFunctions(file: string): string[] {
  const found: string[] = [];
  let start = -1;
  read(file)
    .split('\n')
    .forEach((line, index) => {
      if (/^[A-Za-z].*\)[^;]*\{$/.test(line) && !/^(namespace|class|struct|enum|extern|TEST_CASE)/.test(line))
        start = index;
      if (!line.startsWith('}') || start < 0) return;
      const length = index - start + 1;
      if (length > linesPerFunction) found.push(`${file}:${start + 1}: ${length} lines`);
      start = -1;
    });
  return found;
}

describe('the sources', () => {
  it('hold no reminders of work left undone', () => {
    const reminders = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`);
    expect(linesMatching(sources, reminders)).toEqual([]);
  });

  it('name no folder of one machine', () => {
    expect(linesMatching(texts, /(?<![\w.:/-])\/(?:work|root|home)[/]/)).toEqual([]);
  });

  it(`have at most ${linesPerFile} lines a file`, () => {
    const long = sources.map((file) => [file, read(file).split('\n').length - 1] as const);
    expect(long.filter(([, lines]) => lines > linesPerFile)).toEqual([]);
  });

  it(`have at most ${linesPerFunction} lines a function in the engine; the linter counts those of TypeScript`, () => {
    expect(sources.filter((file) => file.endsWith('.cc') && !file.includes('/test/')).flatMap(longFunctions)).toEqual(
      [],
    );
  });

  it('are named after what they hold', () => {
    const vague = /(^|[/_-])(utils?|helpers?|common|misc|managers?)([._-]|\/|$)/;
    expect(sources.filter((file) => vague.test(file))).toEqual([]);
  });

  it('skip no test without a condition', () => {
    const switchedOff = /\b(it|test|describe)\.(only|skip|todo)\b/;
    const tests = sources.filter((file) => file.endsWith('.test.ts') && !file.endsWith('tidy.test.ts'));
    expect(linesMatching(tests, switchedOff)).toEqual([]);
  });
});

describe('the repository', () => {
  it('has no large files', () => {
    const large = files.filter(
      (file) => file !== 'package-lock.json' && statSync(join(root, file)).size > bytesPerFile,
    );
    expect(large).toEqual([]);
  });

  it('names every folder of the engine in its map', () => {
    const map = read('docs/internals/engine.md');
    const folders = readdirSync(join(root, 'node/native'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !notOurs.has(entry.name))
      .map((entry) => entry.name);
    expect(folders.filter((name) => !map.includes(`\`${name}/\``))).toEqual([]);
  });

  it('has no broken links between its documents', () => {
    const broken = files
      .filter((file) => file.endsWith('.md'))
      .flatMap((file) =>
        [...read(file).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
          .map((match) => match[1]!)
          .filter((target) => !/^[a-z]+:/.test(target))
          .filter((target) => statSync(join(root, dirname(file), target), { throwIfNoEntry: false }) === undefined)
          .map((target) => `${file}: ${target}`),
      );
    expect(broken).toEqual([]);
  });
});
