import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseSettings, type SettingsDefaults } from '../../src/controller/settings.js';

const defaults: SettingsDefaults = {
  version: '0.1.0',
  nodeImage: 'registry.example/node',
  environment: { POD_NAMESPACE: 'operators', POD_NAME: 'operator-7' },
  randomSuffix: 'x1',
};

let complaints = '';

beforeEach(() => {
  complaints = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    complaints += String(text);
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

test('without options everything has a default, and the pod says who and where it is', () => {
  const parsed = parseSettings([], defaults);
  expect(parsed).toEqual({
    kind: 'run',
    settings: {
      watchNamespaces: [],
      group: 'qdrantcluster.dev',
      nodeImage: 'registry.example/node',
      metricsPort: 9290,
      healthPort: 8285,
      leaseNamespace: 'operators',
      logLevel: 'info',
      identity: 'operator-7',
      kubeconfig: null,
      concurrency: 16,
    },
  });
});

test('outside of a pod a process gets an identity that no other has', () => {
  const parsed = parseSettings([], { ...defaults, environment: { POD_NAME: '' } });
  expect(parsed.kind === 'run' && parsed.settings.identity).toMatch(/_x1$/);
  expect(parsed.kind === 'run' && parsed.settings.leaseNamespace).toBe('default');
});

test('every option is taken', () => {
  const args = ['--watch-namespaces', 'a, b,a', '--group', 'qdrant.io', '--node-image', 'r/n', '--metrics-port', '0'];
  args.push('--health-port', '1', '--leader-election-namespace', 'lead', '--log-level', 'debug', '--identity', 'me');
  args.push('--kubeconfig', '/k', '--concurrency', '3');
  expect(parseSettings(args, defaults)).toEqual({
    kind: 'run',
    settings: {
      watchNamespaces: ['a', 'b'],
      group: 'qdrant.io',
      nodeImage: 'r/n',
      metricsPort: 0,
      healthPort: 1,
      leaseNamespace: 'lead',
      logLevel: 'debug',
      identity: 'me',
      kubeconfig: '/k',
      concurrency: 3,
    },
  });
});

test.each([
  [['--metrics-port', '70000'], /whole number from 0 to 65535/],
  [['--health-port', '1e3'], /whole number/],
  [['--concurrency', '0'], /from 1 to 1000/],
  [['--group', 'example.com'], /Allowed choices are qdrantcluster.dev, qdrant.io/],
  [['--watch-namespaces', 'Wrong_Name'], /no name of a namespace/],
  [['--log-level', 'loud'], /Allowed choices/],
  [['--identity', ' '], /It is empty/],
  [['--unknown'], /unknown option/],
  [['stray'], /too many arguments/],
])('%j is refused with a sentence', (args, sentence) => {
  expect(parseSettings(args, defaults)).toEqual({ kind: 'exit', code: 2 });
  expect(complaints).toMatch(sentence);
});
