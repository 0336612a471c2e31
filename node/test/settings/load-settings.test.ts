import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSettings, SettingsError, type LoadedSettings } from '../../src/settings/load-settings.js';
import type { Settings } from '../../src/settings/settings.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vdb-settings-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

interface Layers {
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly configPath?: string;
}

function load({ files = {}, environment = {}, configPath }: Layers): LoadedSettings {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return loadSettings({ workingFolder: folder, environment, configPath: configPath ?? null });
}

const port = (value: number) => `service:\n  http_port: ${value}\n`;

describe('the layers of the configuration', () => {
  const table: readonly [string, Layers, number][] = [
    ['nothing', {}, 6333],
    ['config.yaml', { files: { 'config/config.yaml': port(1) } }, 1],
    ['config.json', { files: { 'config/config.json': '{"service":{"http_port":2}}' } }, 2],
    [
      'the run mode is development by default',
      { files: { 'config/config.yaml': port(1), 'config/development.yaml': port(3) } },
      3,
    ],
    [
      'another run mode',
      {
        files: { 'config/development.yaml': port(3), 'config/production.yaml': port(4) },
        environment: { RUN_MODE: 'production' },
      },
      4,
    ],
    ['local over run mode', { files: { 'config/development.yaml': port(3), 'config/local.yml': port(5) } }, 5],
    [
      '--config-path over local',
      { files: { 'config/local.yaml': port(5), 'my.yaml': port(6) }, configPath: 'my.yaml' },
      6,
    ],
    [
      'the environment over everything',
      {
        files: { 'config/local.yaml': port(5), 'my.yaml': port(6) },
        configPath: 'my.yaml',
        environment: { QDRANT__SERVICE__HTTP_PORT: '7' },
      },
      7,
    ],
    ['the environment in lower case', { environment: { qdrant__service__http_port: '8' } }, 8],
    ['an empty file', { files: { 'config/config.yaml': '' } }, 6333],
    [
      'a section of comments',
      { files: { 'config/config.yaml': 'service:\n  # nothing\ntls:\naudit:\nstorage:\n  wal:\n' } },
      6333,
    ],
    ['a file of comments', { files: { 'config/config.yaml': '# nothing\n' } }, 6333],
  ];
  it.each(table)('%s', (_name, layers, expected) => {
    expect(load(layers).settings.service.http_port).toBe(expected);
  });

  it('are merged key by key', () => {
    const { settings } = load({
      files: { 'config/config.yaml': 'service:\n  http_port: 1\n  grpc_port: 2\n', 'config/local.yaml': port(3) },
    });
    expect([settings.service.http_port, settings.service.grpc_port]).toEqual([3, 2]);
  });
});

describe('values', () => {
  const table: readonly [string, Record<string, string>, (settings: Settings) => unknown, unknown][] = [
    ['a number', { QDRANT__STORAGE__HNSW_INDEX__M: '32' }, (s) => s.storage.hnsw_index.m, 32],
    ['a bool', { QDRANT__SERVICE__ENABLE_TLS: 'true' }, (s) => s.service.enable_tls, true],
    ['a key of digits keeps its zeros', { QDRANT__SERVICE__API_KEY: '00123' }, (s) => s.service.api_key, '00123'],
    ['an empty key is no key', { QDRANT__SERVICE__API_KEY: '' }, (s) => s.service.api_key, null],
    ['an empty port switches gRPC off', { QDRANT__SERVICE__GRPC_PORT: '' }, (s) => s.service.grpc_port, null],
    [
      'a fraction',
      { QDRANT__STORAGE__OPTIMIZERS__DELETED_THRESHOLD: '0.5' },
      (s) => s.storage.optimizers.deleted_threshold,
      0.5,
    ],
    ['an enumeration', { QDRANT__STORAGE__WAL__SYNC: 'interval' }, (s) => s.storage.wal.sync, 'interval'],
  ];
  it.each(table)('%s', (_name, environment, read, expected) => {
    expect(read(load({ environment }).settings)).toBe(expected);
  });

  it('take a null of a file where null means off', () => {
    const { settings } = load({ files: { 'config/config.yaml': 'service:\n  grpc_port: null\n  api_key: null\n' } });
    expect(settings.service.grpc_port).toBeNull();
    expect(settings.service.api_key).toBeNull();
  });
});

describe('what is wrong is told in one sentence', () => {
  const table: readonly [string, Layers, RegExp][] = [
    ['a word for a port', { environment: { QDRANT__SERVICE__HTTP_PORT: 'many' } }, /service\.http_port/],
    ['a port out of range', { environment: { QDRANT__SERVICE__HTTP_PORT: '70000' } }, /service\.http_port/],
    ['a word for a bool', { environment: { QDRANT__SERVICE__ENABLE_TLS: 'maybe' } }, /service\.enable_tls/],
    ['an unknown sync mode', { environment: { QDRANT__STORAGE__WAL__SYNC: 'never' } }, /storage\.wal\.sync/],
    ['a scalar for a section', { environment: { QDRANT__SERVICE: '5' } }, /service/],
    ['broken YAML', { files: { 'config/config.yaml': 'service: [' } }, /config\.yaml.*not valid YAML/s],
    ['a list for a file', { files: { 'config/config.yaml': '- 1' } }, /must hold a mapping/],
    ['a format that is not read', { files: { 'config/config.toml': 'a = 1' } }, /write it as YAML or JSON/],
    ['two files of one name', { files: { 'config/config.yaml': '', 'config/config.yml': '' } }, /keep one of them/],
    ['a missing --config-path', { configPath: 'none.yaml' }, /cannot be read/],
  ];
  it.each(table)('%s', (_name, layers, message) => {
    expect(() => load(layers)).toThrow(SettingsError);
    expect(() => load(layers)).toThrow(message);
  });
});

describe('unknown keys', () => {
  it('are named with their place', () => {
    const { unknownKeys } = load({
      files: { 'config/config.yaml': 'service:\n  colour: red\nfuture:\n  a: 1\nfeature_flags:\n  any: true\n' },
    });
    expect([...unknownKeys].sort()).toEqual(['future', 'service.colour']);
  });

  it('are none in the defaults', () => {
    expect(load({}).unknownKeys).toEqual([]);
  });
});
