/** The command line of the operator's process. */
import { hostname } from 'node:os';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { apiGroups, defaultGroup, type ApiGroup } from '../api/group.js';
import type { OperatorSettings } from './operator-dependencies.js';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
type LogLevel = (typeof logLevels)[number];

/** What concerns the process and not the operator in it. */
export interface ProcessSettings extends OperatorSettings {
  readonly metricsPort: number;
  readonly healthPort: number;
  readonly logLevel: LogLevel;
  /** Null: as kubectl finds it, or that of the pod. */
  readonly kubeconfig: string | null;
}

export type ParsedSettings =
  | { readonly kind: 'run'; readonly settings: ProcessSettings }
  /** Help, the version or a complaint was printed; the process should end. */
  | { readonly kind: 'exit'; readonly code: number };

export interface SettingsDefaults {
  readonly version: string;
  readonly nodeImage: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Tells processes outside of pods apart that run on one machine. */
  readonly randomSuffix: string;
}

interface RawOptions {
  readonly watchNamespaces: readonly string[];
  readonly group: ApiGroup;
  readonly nodeImage: string;
  readonly metricsPort: number;
  readonly healthPort: number;
  readonly leaderElectionNamespace?: string;
  readonly logLevel: LogLevel;
  readonly identity?: string;
  readonly kubeconfig?: string;
  readonly concurrency: number;
}

export function parseSettings(args: readonly string[], defaults: SettingsDefaults): ParsedSettings {
  const { environment } = defaults;
  const command = new Command('qdrant-operator')
    .description('Keeps QdrantClusters on Kubernetes as they are wanted')
    .version(defaults.version, '-V, --version', 'print the version')
    .option('--watch-namespaces <NAMES>', 'namespaces to look after, with commas; empty: all', namespaces, [])
    .addOption(new Option('--group <GROUP>', 'API group of the QdrantCluster').choices(apiGroups).default(defaultGroup))
    .option('--node-image <REPOSITORY>', 'image of the nodes where a spec names none', word, defaults.nodeImage)
    .option('--metrics-port <PORT>', 'port of /metrics', port, 9290)
    .option('--health-port <PORT>', 'port of /healthz and /readyz', port, 8285)
    .option('--leader-election-namespace <NAME>', 'namespace of the Lease (default: POD_NAMESPACE, or default)', name)
    .addOption(new Option('--log-level <LEVEL>', 'least level that is logged').choices(logLevels).default('info'))
    .option('--identity <NAME>', 'name in the Lease, of its own for each process (default: POD_NAME)', word)
    .option('--kubeconfig <PATH>', "how to reach the API server (default: KUBECONFIG, or the pod's account)", word)
    .option('--concurrency <NUMBER>', 'clusters that are looked at side by side', concurrency, 16)
    .allowExcessArguments(false)
    .exitOverride();
  try {
    command.parse([...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return { kind: 'exit', code: error.exitCode === 0 ? 0 : 2 };
    throw error;
  }
  const raw = command.opts<RawOptions>();
  return {
    kind: 'run',
    settings: {
      watchNamespaces: raw.watchNamespaces,
      group: raw.group,
      nodeImage: raw.nodeImage,
      metricsPort: raw.metricsPort,
      healthPort: raw.healthPort,
      leaseNamespace: raw.leaderElectionNamespace ?? filled(environment['POD_NAMESPACE']) ?? 'default',
      logLevel: raw.logLevel,
      // A pod's name alone: a container that is restarted in it takes its own Lease over at once.
      identity: raw.identity ?? filled(environment['POD_NAME']) ?? `${hostname()}_${defaults.randomSuffix}`,
      kubeconfig: raw.kubeconfig ?? null,
      concurrency: raw.concurrency,
    },
  };
}

/** What Kubernetes allows as the name of a namespace (RFC 1123 label). */
const namespacePattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

function name(value: string): string {
  if (!namespacePattern.test(value)) throw new InvalidArgumentError('This is no name of a namespace.');
  return value;
}

function namespaces(value: string): string[] {
  const all = value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return [...new Set(all.map(name))];
}

function word(value: string): string {
  if (value.trim() === '') throw new InvalidArgumentError('It is empty.');
  return value;
}

function port(value: string): number {
  return wholeNumber(value, 0, 65_535);
}

function concurrency(value: string): number {
  return wholeNumber(value, 1, 1000);
}

function wholeNumber(value: string, least: number, most: number): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < least || number > most) {
    throw new InvalidArgumentError(`A whole number from ${least} to ${most} is needed.`);
  }
  return number;
}

function filled(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}
