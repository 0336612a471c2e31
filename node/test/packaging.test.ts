import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { load, YAML11_SCHEMA } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../src/settings/command-line.js';

const root = resolve(import.meta.dirname, '..', '..');

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly command: string;
        readonly environment: Readonly<Record<string, string>>;
        readonly healthcheck: { readonly test: readonly unknown[] };
        readonly volumes: readonly string[];
        readonly ports: readonly string[];
      }
    >
  >;
  readonly volumes: Readonly<Record<string, unknown>>;
}

describe('the start script', () => {
  it('runs the node from any folder, also through links', () => {
    const folder = mkdtempSync(join(tmpdir(), 'start-'));
    try {
      symlinkSync(join(root, 'qdrant'), join(folder, 'first'));
      symlinkSync('first', join(folder, 'second'));
      for (const script of [join(root, 'qdrant'), './first', './second', join(folder, 'second')]) {
        const printed = execFileSync(script, ['--version'], { cwd: folder, encoding: 'utf8' });
        expect(printed, script).toMatch(/^qdrant \d+\.\d+\.\d+\n$/);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the compose file', () => {
  const compose = load(readFileSync(join(root, 'docker-compose.yaml'), 'utf8'), { schema: YAML11_SCHEMA }) as Compose;
  const services = Object.entries(compose.services);

  it('has three nodes that find each other by their names', () => {
    expect(services).toHaveLength(3);
    for (const [name, service] of services) {
      const parsed = parseCommandLine(service.command.split(' '), 'test', {});
      const bootstrap = name === services[0]?.[0] ? null : `http://${String(services[0]?.[0])}:6335`;
      expect(parsed).toMatchObject({ kind: 'run', options: { uri: `http://${name}:6335`, bootstrap } });
      expect(service.environment).toMatchObject({ QDRANT__CLUSTER__ENABLED: 'true' });
    }
  });

  it('checks their health by a command, and keeps the storage of each', () => {
    for (const [name, service] of services) {
      expect(service.healthcheck.test.every((word) => typeof word === 'string')).toBe(true);
      expect(service.volumes).toEqual([`${name}:/qdrant/storage`]);
      expect(Object.keys(compose.volumes)).toContain(name);
    }
    const published = services.flatMap(([, { ports }]) => ports.map((port) => port.split(':')[0]));
    expect(new Set(published).size).toBe(published.length);
  });
});

describe('the Dockerfile', () => {
  const lines = readFileSync(join(root, 'Dockerfile'), 'utf8').split('\n');

  it('takes its base images as arguments, and runs as user 1000 in /qdrant', () => {
    expect(lines.filter((line) => line.startsWith('ARG ')).map((line) => line.slice(4).split('=')[0])).toEqual([
      'BASE_IMAGE',
      'RUNTIME_IMAGE',
    ]);
    for (const line of ['WORKDIR /qdrant', 'USER 1000:1000', 'ENTRYPOINT ["/qdrant/qdrant"]']) {
      expect(lines).toContain(line);
    }
  });
});
