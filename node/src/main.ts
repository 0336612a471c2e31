/** The process: command line, settings, one node, signals. */
import { pino, type Logger } from 'pino';
import { loadAddon } from './engine/addon.js';
import { letHeapGrow } from './heap-growth.js';
import { markInitialized, RunningNode, StartError } from './running-node.js';
import { parseCommandLine } from './settings/command-line.js';
import { logLevel } from './settings/log-level.js';
import { loadSettings, SettingsError } from './settings/load-settings.js';
import { startRefusals, unservedWarning } from './settings/unserved-settings.js';
import { apiVersion, nodeVersion } from './version.js';

/** A message for the person who started the process, who may read no logs. */
function complain(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

async function run(): Promise<number | null> {
  letHeapGrow();
  const commandLine = parseCommandLine(process.argv.slice(2), `qdrant ${apiVersion}`, process.env);
  if (commandLine.kind === 'exit') return commandLine.code;
  const { options } = commandLine;
  const loaded = loadSettings({
    workingFolder: process.cwd(),
    configPath: options.configPath,
    environment: process.env,
  });
  const refusals = startRefusals(loaded.settings, options);
  if (refusals.length > 0) {
    for (const sentence of refusals) complain(`Refusing to start: ${sentence}`);
    return 1;
  }
  // Written at once: what was logged before a crash is what explains it.
  const logger = pino({ level: logLevel(loaded.settings.log_level) }, pino.destination({ dest: 1, sync: true }));
  const warning = unservedWarning(loaded, options);
  if (warning !== null) logger.warn(warning);
  const addon = loadAddon();
  logger.info({ version: nodeVersion, api: apiVersion, engine: addon.info(), config: loaded.files }, 'Starting');
  const node = await RunningNode.start({ addon, settings: loaded.settings, commandLine: options, logger });
  handleSignals(node, logger);
  // Named by the original's variable where the working folder cannot be written to, as in a pod.
  const mark = process.env['QDRANT_INIT_FILE_PATH'] ?? '.qdrant-initialized';
  try {
    await markInitialized(mark);
  } catch (error) {
    logger.warn({ err: error, file: mark }, 'The file that marks the end of the start cannot be written');
  }
  logger.info('Ready');
  return null;
}

function handleSignals(node: RunningNode, logger: Logger): void {
  let stopping = false;
  const stop = (signal: 'SIGTERM' | 'SIGINT'): void => {
    if (stopping) {
      logger.warn({ signal }, 'Second signal: exiting now');
      process.exit(signal === 'SIGTERM' ? 143 : 130);
    }
    stopping = true;
    logger.info({ signal }, 'Stopping');
    node.stop().then(
      () => {
        logger.info('Stopped');
        process.exit(0);
      },
      (error: unknown) => {
        logger.fatal({ err: error }, 'Stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

run().then(
  (code) => {
    if (code !== null) process.exitCode = code;
  },
  (error: unknown) => {
    const sentence = error instanceof SettingsError || error instanceof StartError;
    complain(
      sentence
        ? error.message
        : `The node cannot start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    process.exit(error instanceof StartError ? error.exitCode : 1);
  },
);
