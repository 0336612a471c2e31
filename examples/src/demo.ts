import { join } from 'node:path';
import { readExampleData, type AnsweredQuestion, type ExampleData } from './example-data.js';
import { NodeProcess, portIsFree } from './node-process.js';
import { RestClient } from './rest-client.js';
import { formatTable } from './text-table.js';
import {
  collectionName,
  createWordnet,
  indexFields,
  loadedPoints,
  loadWordnet,
  search,
  type Hit,
  waitUntilIndexed,
} from './wordnet-collection.js';

const hitsShown = 3;
const host = '127.0.0.1';

interface Demonstration {
  readonly question: string;
  readonly filter: object | null;
  /** The filter in words. */
  readonly where: string;
}

const demonstrations: readonly Demonstration[] = [
  { question: 'a large animal with a trunk and tusks', filter: null, where: '' },
  { question: 'the feeling of missing home', filter: null, where: '' },
  { question: 'a tool for cutting wood', filter: null, where: '' },
  {
    question: 'a tool for cutting wood',
    filter: { must: [{ key: 'relations', range: { gte: 8 } }] },
    where: 'relations >= 8',
  },
  {
    question: 'a disease carried by mosquitoes',
    filter: { must: [{ key: 'category', match: { value: 'noun.state' } }] },
    where: 'category is noun.state',
  },
  {
    question: 'to walk slowly without a goal',
    filter: { must: [{ key: 'pos', match: { value: 'verb' } }] },
    where: 'pos is verb',
  },
  {
    question: 'someone who sails around the world',
    filter: {
      must: [{ key: 'pos', match: { value: 'noun' } }],
      must_not: [{ key: 'category', match: { value: 'noun.act' } }],
    },
    where: 'pos is noun, but no noun.act',
  },
];

function portFrom(variable: string, fallback: number): number {
  const text = process.env[variable];
  const port = text === undefined || text === '' ? fallback : Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`${variable} is not a port: ${text ?? ''}`);
  return port;
}

async function prepare(client: RestClient, data: ExampleData): Promise<void> {
  const present = await loadedPoints(client);
  if (present === data.points.length) {
    console.log(`Found the collection '${collectionName}' with its ${present} points.`);
    return;
  }
  const start = performance.now();
  if (present === null) await createWordnet(client);
  await indexFields(client);
  await loadWordnet(client, data);
  console.log(
    `Created the collection '${collectionName}' and loaded ${data.points.length} points in ${seconds(start)} s.`,
  );
  await waitUntilIndexed(client, data.points.length, 60_000);
  console.log(`All of them are in the graph after ${seconds(start)} s.`);
}

async function showSearches(client: RestClient, data: ExampleData): Promise<void> {
  const rows: string[][] = [];
  for (const { question, filter, where } of demonstrations) {
    const vector = questionNamed(data, question).vector;
    const start = performance.now();
    const hits = await search(client, vector, hitsShown, filter);
    const elapsed = `${(performance.now() - start).toFixed(1)} ms`;
    const asked = [question, where === '' ? '' : `  where ${where}`, ''];
    hits.forEach((hit, index) => rows.push([asked[index] ?? '', ...describe(hit), index === 0 ? elapsed : '']));
  }
  const table = formatTable(
    [
      { title: 'question', align: 'left', maxWidth: 38 },
      { title: 'score', align: 'right', maxWidth: 6 },
      { title: 'words', align: 'left', maxWidth: 22 },
      { title: 'gloss', align: 'left', maxWidth: 42 },
      { title: 'time', align: 'right', maxWidth: 10 },
    ],
    rows,
  );
  console.log(`\n${table.join('\n')}\n`);
}

function describe(hit: Hit): string[] {
  return [hit.score.toFixed(3), hit.payload.words.join(', '), hit.payload.gloss];
}

function questionNamed(data: ExampleData, text: string): AnsweredQuestion {
  const question = data.questions.find((candidate) => candidate.text === text);
  if (question === undefined) throw new Error(`the example has no question '${text}'`);
  return question;
}

/** All 24 questions without filter, against the exact answers that the example ships. */
async function checkRecall(client: RestClient, data: ExampleData): Promise<void> {
  let found = 0;
  let wanted = 0;
  const start = performance.now();
  for (const question of data.questions) {
    const expected = new Set(question.nearest.map(({ id }) => id));
    const hits = await search(client, question.vector, expected.size, null);
    found += hits.filter((hit) => expected.has(hit.id)).length;
    wanted += expected.size;
  }
  const mean = (performance.now() - start) / data.questions.length;
  console.log(
    `${data.questions.length} questions: ${found} of the ${wanted} exact nearest found, ${mean.toFixed(1)} ms each.`,
  );
}

function seconds(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(1);
}

function explainAccess(node: NodeProcess, grpcPort: number): void {
  console.log(`
The node is up until you press Ctrl-C. Its data stays in ./storage.
  REST  ${node.url}
  gRPC  ${host}:${grpcPort}
Try, for example:
  curl ${node.url}/collections/${collectionName}
  curl -X POST ${node.url}/collections/${collectionName}/points/scroll \\
    -H 'content-type: application/json' \\
    -d '{"limit": 2, "filter": {"must": [{"key": "category", "match": {"value": "noun.animal"}}]}}'`);
}

/** Starts a node, shows what it can do, and stays until it is told to stop. The process's exit code. */
async function main(repository: string): Promise<number> {
  const httpPort = portFrom('QDRANT__SERVICE__HTTP_PORT', 6333);
  const grpcPort = portFrom('QDRANT__SERVICE__GRPC_PORT', 6334);
  for (const port of [httpPort, grpcPort]) {
    if (await portIsFree(host, port)) continue;
    console.error(
      `Port ${port} on ${host} is taken, perhaps by a node that still runs. Stop that one, or choose other ports:\n` +
        '  QDRANT__SERVICE__HTTP_PORT=7333 QDRANT__SERVICE__GRPC_PORT=7334 make run',
    );
    return 1;
  }
  const data = await readExampleData(join(repository, 'examples', 'wordnet'));
  const start = performance.now();
  const node = NodeProcess.start({
    entry: join(repository, 'node', 'dist', 'main.js'),
    directory: repository,
    host,
    httpPort,
    grpcPort,
    settings: {},
    logFile: join(repository, 'build', 'run.log'),
  });
  const told = { toStop: false };
  const stop = (): void => {
    if (!told.toStop) console.log('\nStopping.');
    told.toStop = true;
    node.signal('SIGTERM');
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    await node.ready(60_000);
    console.log(`The node is ready after ${seconds(start)} s.`);
    const client = new RestClient(node.url);
    await prepare(client, data);
    await showSearches(client, data);
    await checkRecall(client, data);
    explainAccess(node, grpcPort);
  } catch (error) {
    if (!told.toStop) {
      console.error(error instanceof Error ? error.message : error);
      await node.stop();
      return 1;
    }
  }
  const exit = await node.exited;
  if (told.toStop && exit.code === 0) return 0;
  console.error(`The node ended with ${exit.signal ?? `code ${exit.code ?? 'unknown'}`}; its log is build/run.log.`);
  return 1;
}

process.exitCode = await main(process.cwd());
