import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..', '..');
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'setup-'));
  // What the script may find: nothing but these and the stand-ins of a test.
  for (const name of ['bash', 'dirname', 'tr', 'stat', 'env', 'sh', 'cat']) {
    const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    symlinkSync(found, join(folder, name));
  }
  standIn('uname', 'echo Linux');
  standIn('node', 'exit 0');
  standIn('npm', 'echo "npm $*"');
  standIn('id', 'echo 0');
  standIn('apt-get', 'echo "apt-get $*"');
  standIn('dpkg-query', 'case "$*" in *faiss*) exit 1 ;; *) printf installed ;; esac');
});

afterEach(() => rmSync(folder, { recursive: true }));

function standIn(name: string, body: string): void {
  const file = join(folder, name);
  rmSync(file, { force: true });
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
}

function setup(...args: string[]): { status: number | null; output: string; errors: string } {
  const result = spawnSync(join(folder, 'bash'), [join(root, 'scripts', 'setup.sh'), ...args], {
    encoding: 'utf8',
    env: { PATH: folder, CI: 'true' },
    input: '',
  });
  return { status: result.status, output: result.stdout, errors: result.stderr };
}

describe('scripts/setup-python-client.sh', () => {
  const requirements = 'node/test/clients/python/requirements.txt';
  let checkout = '';

  beforeEach(() => {
    checkout = join(folder, 'checkout');
    for (const file of ['scripts/setup-python-client.sh', requirements]) {
      cpSync(join(root, file), join(checkout, file));
    }
    // Makes an environment whose Python says what it is asked, or fails as pip does without a network.
    standIn('installed-python', '[ ! -e "$OFFLINE" ] || exit 1; echo "installed-python $*" >> "$ASKED"');
    standIn('python3', '[ "$2" != venv ] || { mkdir -p "$3/bin" && cp "$STAND_IN" "$3/bin/python"; }');
  });

  function setupPythonClient(environment: Readonly<Record<string, string>> = {}): string {
    const result = spawnSync('bash', [join(checkout, 'scripts', 'setup-python-client.sh')], {
      encoding: 'utf8',
      env: {
        PATH: `${folder}:${process.env['PATH'] ?? ''}`,
        STAND_IN: join(folder, 'installed-python'),
        ASKED: join(folder, 'asked'),
        OFFLINE: join(folder, 'offline'),
        ...environment,
      },
    });
    expect(result.status).toBe(0);
    expect(result.stderr).toBe('');
    return result.stdout;
  }

  it('installs the pinned wheels once', () => {
    expect(setupPythonClient()).toBe('Installing the Python client for its tests\n');
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toMatch(
      /-m pip install .*--require-hashes --only-binary :all: /,
    );
    expect(readFileSync(join(checkout, 'build/python-client/requirements.txt'), 'utf8')).toBe(
      readFileSync(join(root, requirements), 'utf8'),
    );
    expect(setupPythonClient()).toBe('');
  });

  it('installs again when other versions are wanted', () => {
    setupPythonClient();
    writeFileSync(join(checkout, requirements), 'qdrant-client==1.19.0\n');
    expect(setupPythonClient()).toBe('Installing the Python client for its tests\n');
    expect(setupPythonClient()).toBe('');
  });

  it('says in one line that the tests will be skipped when python3-venv is missing', () => {
    standIn('python3', 'echo "No module named ensurepip" >&2; exit 1');
    expect(setupPythonClient()).toMatch(/^The tests of the Python client will be skipped: python3-venv is not .*\n$/);
  });

  it('says so when there is no network, and tries again the next time', () => {
    writeFileSync(join(folder, 'offline'), '');
    expect(setupPythonClient()).toMatch(/\nThe tests of the Python client will be skipped: .* a network; .*\n$/);
    rmSync(join(folder, 'offline'));
    expect(setupPythonClient()).toBe('Installing the Python client for its tests\n');
  });

  it('makes nothing when a Python with the client is named', () => {
    expect(setupPythonClient({ PYTHON_WITH_QDRANT_CLIENT: '/usr/bin/python3' })).toBe('');
  });
});

describe('scripts/setup.sh', () => {
  it('names the missing packages and installs only them, removing nothing', () => {
    const { status, output } = setup();
    expect(status).toBe(0);
    expect(output.split('\n')).toEqual([
      'Debian packages that are missing: libfaiss-dev',
      'apt-get update',
      'apt-get install --yes --no-remove --no-install-recommends libfaiss-dev',
      'Installing npm packages from package-lock.json',
      'npm ci --ignore-scripts --no-audit --no-fund',
      '',
    ]);
  });

  it('calls apt for nothing when every package is there', () => {
    standIn('dpkg-query', 'printf installed');
    const { status, output } = setup();
    expect(status).toBe(0);
    expect(output).not.toContain('apt-get');
  });

  it('changes nothing in a dry run', () => {
    const { status, output } = setup('--dry-run');
    expect(status).toBe(0);
    expect(output).toContain('Would run: apt-get install --yes --no-remove --no-install-recommends libfaiss-dev');
    expect(output).not.toMatch(/^(apt-get|npm) /m);
  });

  it('prints the exact command when it is not root and there is no sudo', () => {
    standIn('id', 'echo 1000');
    const { status, output, errors } = setup();
    expect(status).toBe(1);
    expect(errors).toContain(
      'apt-get update && apt-get install --yes --no-remove --no-install-recommends libfaiss-dev',
    );
    expect(output).not.toMatch(/^(apt-get|npm) /m);
  });

  it('runs apt through sudo and npm without it', () => {
    standIn('id', 'echo 1000');
    standIn('sudo', 'echo "sudo $1"; [ "$1" = -n ] || exec "$@"');
    const { status, output } = setup();
    expect(status).toBe(0);
    expect(output.match(/^sudo env$/gm)).toHaveLength(2);
    expect(output).toContain('\nnpm ci ');
  });

  it('stops when apt does', () => {
    standIn('apt-get', 'exit 100');
    const { status, output } = setup();
    expect(status).not.toBe(0);
    expect(output).not.toContain('npm ci');
  });

  it.each([
    ['another system', 'uname', 'echo Darwin', /on Darwin use a Debian 12 or Ubuntu container/],
    [
      'a Node that is too old',
      'node',
      '[ "$1" = --version ] && echo v18.20.0; exit 1',
      /Node\.js v18\.20\.0 is not supported/,
    ],
  ])('says in one sentence what to do on %s', (_, name, body, sentence) => {
    standIn(name, body);
    const { status, errors } = setup();
    expect(status).toBe(1);
    expect(errors.trimEnd().split('\n')).toHaveLength(1);
    expect(errors).toMatch(sentence);
  });

  it('says so when Node.js or npm is missing', () => {
    rmSync(join(folder, 'npm'));
    expect(setup().errors).toMatch(/npm is not installed/);
    rmSync(join(folder, 'node'));
    expect(setup().errors).toMatch(/Node\.js is not installed/);
  });
});

describe('the Makefile', () => {
  it('prints the targets that people call', () => {
    const { status, stdout } = spawnSync('make', ['help'], { cwd: root, encoding: 'utf8' });
    expect(status).toBe(0);
    for (const target of ['setup', 'build', 'run', 'test', 'test-arm', 'lint', 'bench', 'clean']) {
      expect(stdout).toMatch(new RegExp(`^  make ${target} `, 'm'));
    }
  });

  // No functions, operators, special targets or directives that came after it; shell text in recipes is not looked at.
  const newerThanMake381 = [
    /^[^#\t][^#\n]*?(!=|::=|:::=|&:|\.WAIT\b)/m,
    /\$[({](file|guile|let|intcmp) /m,
    /^(export |override )?(define [^\n]*=|undefine |private |load |-load )/m,
    /^\.(ONESHELL|RECIPEPREFIX|SHELLFLAGS|NOTINTERMEDIATE|EXTRA_PREREQS)\b/m,
    /--(output-sync|trace|jobserver-style|shuffle)\b/m,
  ];

  it.each(['Makefile', 'node/native/Makefile'])('%s uses nothing that GNU Make 3.81 lacks', (file) => {
    const text = readFileSync(join(root, file), 'utf8');
    for (const newer of newerThanMake381) expect(text).not.toMatch(newer);
  });

  it.each([
    'rev != git rev-parse HEAD',
    'rev ::= 1',
    'a b &: c',
    '\t@echo $(file < list)',
    'define program =',
    'undefine rev',
    '.ONESHELL:',
    '\t@$(MAKE) --output-sync all',
  ])('what Make 3.81 lacks is found: %j', (line) => {
    expect(newerThanMake381.some((newer) => newer.test(`all:\n${line}\n`))).toBe(true);
  });
});
