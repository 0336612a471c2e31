import { describe, expect, it } from 'vitest';
import { parseCommandLine, type CommandLine } from '../../src/settings/command-line.js';
import { environmentTree } from '../../src/settings/environment.js';
import { logLevel } from '../../src/settings/log-level.js';
import { settingsSchema } from '../../src/settings/settings.js';
import { startRefusals, unservedWarning } from '../../src/settings/unserved-settings.js';

function commandLine(args: readonly string[] = [], environment: Record<string, string> = {}): CommandLine {
  const parsed = parseCommandLine(args, '1.0.0', environment);
  if (parsed.kind === 'exit') throw new Error(`the command line ended with ${parsed.code}`);
  return parsed.options;
}

describe('the node refuses to start', () => {
  const table: readonly [string, Record<string, string>, readonly string[], RegExp][] = [
    ['with consensus to restart on a node alone', {}, ['--reinit'], /--reinit.*cluster\.enabled/],
    ['with access tokens', { QDRANT__SERVICE__JWT_RBAC: 'true' }, [], /jwt_rbac/],
    [
      'with client certificates',
      { QDRANT__SERVICE__VERIFY_HTTPS_CLIENT_CERTIFICATE: 'true' },
      [],
      /client certificates/,
    ],
    ['with the audit log', { QDRANT__AUDIT__ENABLED: 'true' }, [], /audit/],
    ['with quotas', { QDRANT__STORAGE__QUOTAS__ENABLED: 'true' }, [], /quotas/],
    ['with internal authentication', { QDRANT__SERVICE__ENFORCE_INTERNAL_AUTH: 'true' }, [], /enforce_internal_auth/],
    ['with a snapshot to recover', {}, ['--snapshot', 'a.snapshot:a'], /--snapshot/],
    ['with a storage snapshot', {}, ['--storage-snapshot', 'a.snapshot'], /--storage-snapshot/],
    ['with a key that only reads', { QDRANT__SERVICE__READ_ONLY_API_KEY: 'r' }, [], /read_only_api_key/],
  ];
  it.each(table)('%s', (_name, environment, args, message) => {
    const refusals = startRefusals(settingsSchema.parse(environmentTree(environment)), commandLine(args));
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toMatch(message);
    expect(refusals[0]).toMatch(/\.$/);
  });

  it('with nothing else', () => {
    expect(startRefusals(settingsSchema.parse({}), commandLine())).toEqual([]);
  });
});

describe('the one warning', () => {
  const loaded = (givenKeys: readonly string[], unknownKeys: readonly string[] = []) => ({
    settings: settingsSchema.parse({}),
    unknownKeys,
    givenKeys: new Set(givenKeys),
    files: [],
  });

  it('names unknown keys, settings and flags without effect', () => {
    const warning = unservedWarning(
      loaded(['gpu.indexing', 'service.host'], ['colour']),
      commandLine(['--uri', 'http://x:1']),
    );
    expect(warning).toMatch(/not known: colour/);
    expect(warning).toMatch(/gpu/);
    expect(warning).toMatch(/--uri/);
    expect(warning).not.toMatch(/service\.host/);
  });

  it('is not given without a reason', () => {
    expect(unservedWarning(loaded(['service.host']), commandLine())).toBeNull();
  });
});

describe('the command line', () => {
  it('takes the flags of the original', () => {
    const options = commandLine([
      '--bootstrap',
      'http://a:1',
      '-f',
      '--snapshot',
      'a:b',
      '--snapshot',
      'c:d',
      '--config-path',
      'x.yaml',
      '--disable-telemetry',
      '--stacktrace',
      '--reinit',
    ]);
    expect(options).toEqual({
      bootstrap: 'http://a:1',
      uri: null,
      forceSnapshot: true,
      snapshots: ['a:b', 'c:d'],
      storageSnapshot: null,
      configPath: 'x.yaml',
      disableTelemetry: true,
      stacktrace: true,
      reinit: true,
    });
  });

  it('reads the URIs of the environment', () => {
    const options = commandLine([], { QDRANT_BOOTSTRAP: 'http://a:1', QDRANT_URI: 'http://b:1' });
    expect([options.bootstrap, options.uri]).toEqual(['http://a:1', 'http://b:1']);
  });
});

describe('log levels', () => {
  it.each([
    ['INFO', 'info'],
    ['debug', 'debug'],
    ['WARN,raft=debug', 'warn'],
    ['raft=debug,error', 'error'],
    ['off', 'silent'],
    ['nonsense', 'info'],
  ])('%s', (directives, level) => {
    expect(logLevel(directives)).toBe(level);
  });
});
