/** The process: command line, one operator, probes, signals. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { pino, type Logger } from 'pino';
import { apiVersionName, namesOf } from './api/group.js';
import { crdProblem } from './controller/crd-check.js';
import { HealthServer, probeAnswer } from './controller/health-server.js';
import { Operator } from './controller/operator.js';
import { parseSettings, type ProcessSettings } from './controller/settings.js';
import { fencedCallTimeoutMs } from './apply/cluster-hands.js';
import { messageOf } from './error-message.js';
import { Credentials } from './k8s/credentials.js';
import { KubernetesClient } from './k8s/kubernetes-client.js';
import { loadAccess } from './k8s/load-access.js';
import { requestJson } from './k8s/request.js';
import { HttpNodes } from './qdrant/http-nodes.js';
import { systemClock } from './system-clock.js';
import { operatorVersion } from './version.js';

const retryStartMs = 2000;
const openApiTimeoutMs = 10_000;

/** A message for the person who started the process, who may read no logs. */
function complain(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

async function run(): Promise<number> {
  const parsed = parseSettings(process.argv.slice(2), {
    version: operatorVersion,
    nodeImage: 'vdb.local/qdrant',
    environment: process.env,
    randomSuffix: randomBytes(4).toString('hex'),
  });
  if (parsed.kind === 'exit') return parsed.code;
  const { settings } = parsed;
  // Written at once: what was logged before a crash is what explains it.
  const logger = pino({ level: settings.logLevel, base: null }, pino.destination({ dest: 1, sync: true }));
  logger.info({ version: operatorVersion, ...settings }, 'Starting');
  const stop = stopSignal(logger);
  const credentials = new Credentials(() => loadAccess(settings.kubeconfig), systemClock);
  const kubernetes = new KubernetesClient(credentials, {
    cluster: { group: settings.group, version: apiVersionName },
    // What takes something away is fenced by the time that a call may take at most.
    timeoutMs: fencedCallTimeoutMs,
  });
  const problem = await startProblem(settings, kubernetes, credentials, logger, stop);
  if (problem !== null) {
    complain(problem);
    return 1;
  }
  const nodes = new HttpNodes(() => systemClock.monotonicMs());
  const operator = new Operator(
    { kubernetes, nodes, clock: systemClock, random: () => Math.random(), logger },
    settings,
  );
  operator.metrics.withProcess();
  const servers = await startServers(operator, settings);
  const end = await operator.run(stop);
  await Promise.all(servers.map((server) => server.close()));
  nodes.close();
  kubernetes.close();
  if (end.kind === 'stopped') {
    logger.info('Stopped');
    return 0;
  }
  complain(`The operator ends so that nothing is left of its lead: ${end.why}.`);
  return 1;
}

/** Null: it can work, or is to stop. An API server that is away is waited for. */
async function startProblem(
  settings: ProcessSettings,
  kubernetes: KubernetesClient,
  credentials: Credentials,
  logger: Logger,
  stop: AbortSignal,
): Promise<string | null> {
  while (!stop.aborted) {
    try {
      return await crdProblem({
        kubernetes,
        names: namesOf(settings.group),
        namespace: settings.watchNamespaces[0],
        read: (path) =>
          requestJson(credentials, { method: 'GET', path, timeoutMs: openApiTimeoutMs }).catch(() => null),
      });
    } catch (error) {
      logger.warn(`The API server cannot be asked yet: ${messageOf(error)}`);
    }
    await delay(retryStartMs, undefined, { signal: stop }).catch(() => undefined);
  }
  return null;
}

async function startServers(operator: Operator, settings: ProcessSettings): Promise<HealthServer[]> {
  const { metrics } = operator;
  return [
    await HealthServer.start(settings.healthPort, {
      '/healthz': () => probeAnswer(operator.healthProblems()),
      '/readyz': () => probeAnswer(operator.readinessProblems()),
    }),
    await HealthServer.start(settings.metricsPort, {
      '/metrics': async () => ({ status: 200, contentType: metrics.contentType, body: await metrics.text() }),
    }),
  ];
}

/** The first signal ends what runs and gives the lead back; the second ends the process. */
function stopSignal(logger: Logger): AbortSignal {
  const stop = new AbortController();
  const onSignal = (signal: 'SIGTERM' | 'SIGINT'): void => {
    if (stop.signal.aborted) process.exit(signal === 'SIGTERM' ? 143 : 130);
    logger.info({ signal }, 'Stopping');
    stop.abort();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  // A promise that nobody waits for has a defect behind it: a new process leads, with nothing left over.
  process.on('unhandledRejection', (error) => {
    logger.fatal({ err: error }, 'A defect ends the process');
    process.exit(1);
  });
  return stop.signal;
}

run().then(
  (code) => process.exit(code),
  (error: unknown) => {
    complain(`The operator cannot start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exit(1);
  },
);
