/** The command line of the original, so that images, charts and scripts made for it work here. */
import { Command, CommanderError, Option } from 'commander';

export interface CommandLine {
  readonly bootstrap: string | null;
  readonly uri: string | null;
  readonly forceSnapshot: boolean;
  readonly snapshots: readonly string[];
  readonly storageSnapshot: string | null;
  readonly configPath: string | null;
  readonly disableTelemetry: boolean;
  readonly stacktrace: boolean;
  readonly reinit: boolean;
}

export type ParsedCommandLine =
  | { readonly kind: 'run'; readonly options: CommandLine }
  /** Help, the version or a complaint was printed; the process should end. */
  | { readonly kind: 'exit'; readonly code: number };

interface RawOptions {
  readonly bootstrap?: string;
  readonly uri?: string;
  readonly forceSnapshot?: boolean;
  readonly snapshot?: string[];
  readonly collectionSnapshot?: string[];
  readonly storageSnapshot?: string;
  readonly configPath?: string;
  readonly disableTelemetry?: boolean;
  readonly stacktrace?: boolean;
  readonly reinit?: boolean;
}

function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}

export function parseCommandLine(
  args: readonly string[],
  version: string,
  environment: Readonly<Record<string, string | undefined>>,
): ParsedCommandLine {
  const command = new Command('qdrant')
    .description('Vector database node that speaks the REST and gRPC of Qdrant')
    .version(version, '-V, --version', 'print the version')
    .option('--bootstrap <URI>', 'URI of a peer to bootstrap from (also QDRANT_BOOTSTRAP)')
    .option('--uri <URI>', 'URI under which other peers reach this one (also QDRANT_URI)')
    .option('-f, --force-snapshot', 'replace existing collections by those of the snapshots given')
    .option('--snapshot <PATH:NAME>', 'recover a collection from a snapshot; may be repeated', collect)
    .addOption(new Option('--collection-snapshot <PATH:NAME>').argParser(collect).hideHelp())
    .option('--storage-snapshot <PATH>', 'recover the whole storage from a snapshot')
    .option('--config-path <PATH>', 'configuration file that is read after those in ./config')
    .option('--disable-telemetry', 'accepted for compatibility: no usage data is ever sent')
    .option('--stacktrace', 'accepted for compatibility')
    .option('--reinit', 'restart consensus from this node alone')
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
    options: {
      bootstrap: raw.bootstrap ?? environment['QDRANT_BOOTSTRAP'] ?? null,
      uri: raw.uri ?? environment['QDRANT_URI'] ?? null,
      forceSnapshot: raw.forceSnapshot ?? false,
      snapshots: [...(raw.snapshot ?? []), ...(raw.collectionSnapshot ?? [])],
      storageSnapshot: raw.storageSnapshot ?? null,
      configPath: raw.configPath ?? null,
      disableTelemetry: raw.disableTelemetry ?? false,
      stacktrace: raw.stacktrace ?? false,
      reinit: raw.reinit ?? false,
    },
  };
}
