import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PowerLossRun, temporaryFolder, type Faults } from './power-loss.js';

let base = '';
let program = '';

beforeAll(() => {
  base = temporaryFolder();
  program = join(base, 'disk_program');
  const source = fileURLToPath(new URL('disk_program.c', import.meta.url));
  execFileSync('cc', ['-O1', '-Wall', '-Wextra', '-Werror', '-o', program, source]);
});

afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

async function run(
  scenario: string,
  faults: Faults = {},
): Promise<{ run: PowerLossRun; output: string; folder: string }> {
  const folder = join(base, scenario);
  const started = new PowerLossRun({
    command: program,
    arguments: [scenario, folder],
    folder,
    workFolder: join(base, 'work'),
    marksDescriptor: 1,
    faults,
  });
  let output = '';
  started.process.stdout!.on('data', (data: Buffer) => (output += data.toString()));
  expect(await started.ended()).toBe(0);
  return { run: started, output, folder };
}

function contentOf(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

describe('the disk that loses power', () => {
  it('keeps synced pages and any subset of the others', async () => {
    const { run: started } = await run('pages');
    const mixtures = new Set<string>();
    await started.lose(300, 1, (image, marks) => {
      const content = contentOf(join(image, 'file'));
      const letters = (content ?? '').replace(/(.)\1{4095}/gs, '$1');
      if (marks === '') return;
      expect(letters).toMatch(marks.endsWith('b\n') ? /^b{8}$/ : /^[ab]{8}$/);
      mixtures.add(letters);
    });
    expect(mixtures.size).toBeGreaterThan(4);
    await started.dispose();
  });

  it('keeps a replaced file whole, old or new', async () => {
    const { run: started, output } = await run('replace');
    expect(output).toBe('version 1.\nversion 2.\nversion 3.\n');
    const seen = new Set<string | null>();
    await started.lose(300, 2, (image, marks) => {
      const promised = marks.trim().split('\n').at(-1)!;
      const content = contentOf(join(image, 'file'));
      seen.add(content);
      if (content !== null) expect(content).toMatch(/^version [123]\.$/);
      if (promised !== '') expect(content !== null && content >= promised).toBe(true);
    });
    expect(seen.size).toBe(4);
    await started.dispose();
  });

  it('keeps names when their folder was synced', async () => {
    const { run: started } = await run('names');
    const early = { folder: 0, one: 0, two: 0 };
    await started.lose(400, 3, (image, marks) => {
      const has = (name: string): boolean => existsSync(join(image, name));
      if (marks.includes('folder\n')) expect(has('folder')).toBe(true);
      if (marks.includes('two')) expect(has('two')).toBe(true);
      if (marks.includes('no folder/one')) {
        expect(has('folder/one')).toBe(false);
      } else if (marks.includes('two')) {
        early.one += has('folder/one') ? 0 : 1;
      } else if (marks.includes('folder/one')) {
        expect(has('folder/one')).toBe(true);
        early.two += has('two') ? 1 : 0;
      } else if (marks === '') {
        early.folder += has('folder') ? 1 : 0;
      }
    });
    // Unsynced changes are on the disk in some images.
    expect(Math.min(early.folder, early.one, early.two)).toBeGreaterThan(0);
    await started.dispose();
  });

  it('keeps sizes that were synced', async () => {
    const { run: started } = await run('sizes');
    const sizes = new Set<number>();
    await started.lose(300, 4, (image, marks) => {
      const promised = marks.trim().split('\n').at(-1)!;
      if (promised === '') return;
      const { size } = statSync(join(image, 'file'));
      sizes.add(size);
      const allowed: Record<string, number[]> = { '10000': [10000, 100], '100': [100, 104], '104': [104] };
      expect(allowed[promised]).toContain(size);
    });
    expect([...sizes].sort()).toEqual([100, 10000, 104]);
    await started.dispose();
  });
});

describe('the disk that fails', () => {
  it('is full after so many bytes, with a short write at the edge', async () => {
    const { run: started, output, folder } = await run('full', { spaceBytes: 2500 });
    expect(output).toBe('short 500\noverwritten\nENOSPC\n');
    expect(statSync(join(folder, 'file')).size).toBe(2500);
    await started.dispose();
  });

  it('loses what a failed sync covered', async () => {
    const { run: started, output } = await run('lost', { failSync: 2, syncPath: '/file' });
    expect(output).toBe('EIO\nlater\n');
    await started.lose(50, 5, (image, marks) => {
      if (marks.includes('later')) expect(contentOf(join(image, 'file'))).toBe('a'.repeat(4096));
    });
    await started.dispose();
  });
});
