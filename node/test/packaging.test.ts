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

describe.each([
  {
    file: 'Dockerfile',
    assembling: 'assemble-node.sh',
    lines: ['WORKDIR /qdrant', 'EXPOSE 6333 6334 6335', 'ENTRYPOINT ["/qdrant/qdrant"]'],
  },
  {
    file: 'Dockerfile.operator',
    assembling: 'assemble-operator.sh',
    lines: ['WORKDIR /operator', 'EXPOSE 8285 9290', 'ENTRYPOINT ["node", "/operator/operator/dist/main.js"]'],
  },
])('$file', ({ file, assembling, lines: expected }) => {
  const lines = readFileSync(join(root, file), 'utf8').split('\n');

  it('takes its base images as arguments, and runs as user 1000', () => {
    expect(lines.filter((line) => line.startsWith('ARG ')).map((line) => line.slice(4).split('=')[0])).toEqual([
      'BASE_IMAGE',
      'RUNTIME_IMAGE',
    ]);
    expect(lines).toContain('USER 1000:1000');
    for (const line of expected) expect(lines).toContain(line);
  });

  it('builds as a checkout does, and assembles as the archive of the image is', () => {
    expect(lines).toContain(`RUN make setup && make build && sh scripts/${assembling} /assembled`);
    expect(readFileSync(join(root, 'scripts', 'make-images.sh'), 'utf8')).toContain(`sh scripts/${assembling} `);
  });
});

describe('the packages of an image', () => {
  function packagesOf(workspace: string): string[] {
    const script = join(root, 'scripts', 'list-packages.mjs');
    return execFileSync(process.execPath, [script, workspace], { encoding: 'utf8' }).trim().split('\n');
  }
  const [node, operator] = [packagesOf('node'), packagesOf('operator')];

  it('are those that its own code imports, and what they need', () => {
    expect(node).toEqual(
      expect.arrayContaining(['node_modules/@grpc/grpc-js', 'node_modules/express', 'node_modules/pino']),
    );
    expect(operator).toEqual(
      expect.arrayContaining([
        'node_modules/@kubernetes/client-node',
        'node_modules/openid-client',
        'node_modules/pino',
      ]),
    );
  });

  it('are not those of the other one, nor of tests and builds', () => {
    expect(node).not.toContain('node_modules/@kubernetes/client-node');
    expect(operator).not.toContain('node_modules/@grpc/grpc-js');
    for (const path of [...node, ...operator]) expect(path).not.toMatch(/vitest|typescript|eslint|@types\//);
  });
});
