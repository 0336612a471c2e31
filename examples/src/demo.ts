import { join, resolve } from 'node:path';
import { readExampleData, type AnsweredQuestion, type ExampleData } from './example-data.js';
import { DemoNodes, host, type DemoNode, type DemoOptions } from './demo-nodes.js';
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
const nodesMax = 9;

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

async function prepare(client: RestClient, data: ExampleData, nodes: number): Promise<void> {
  const present = await loadedPoints(client);
  if (present === data.points.length) {
    console.log(`Found the collection '${collectionName}' with its ${present} points.`);
    return;
  }
  const start = performance.now();
  if (present === null) await createWordnet(client, nodes === 1 ? {} : { shardNumber: nodes, replicationFactor: 2 });
  await indexFields(client);
  await loadWordnet(client, data);
  const spread = nodes === 1 ? '' : ` into ${nodes} shards with 2 replicas each`;
  console.log(
    `Created the collection '${collectionName}' and loaded ${data.points.length} points${spread} in ${seconds(start)} s.`,
  );
  await waitUntilIndexed(client, data.points.length, 60_000);
  console.log(`All of them are in the graph after ${seconds(start)} s.`);
}

/** Each question goes to the next node in turn. */
async function showSearches(nodes: readonly DemoNode[], data: ExampleData): Promise<void> {
  const rows: string[][] = [];
  for (const [turn, { question, filter, where }] of demonstrations.entries()) {
    const node = nodes[turn % nodes.length]!;
    const vector = questionNamed(data, question).vector;
    const start = performance.now();
    const hits = await search(new RestClient(node.url), vector, hitsShown, filter);
    const elapsed = `${(performance.now() - start).toFixed(1)} ms`;
    const asked = [question, where === '' ? '' : `  where ${where}`, ''];
    hits.forEach((hit, index) =>
      rows.push([
        asked[index] ?? '',
        ...describe(hit),
        ...(nodes.length === 1 ? [] : [index === 0 ? String(node.number) : '']),
        index === 0 ? elapsed : '',
      ]),
    );
  }
  const table = formatTable(
    [
      { title: 'question', align: 'left', maxWidth: 38 },
      { title: 'score', align: 'right', maxWidth: 6 },
      { title: 'words', align: 'left', maxWidth: 22 },
      { title: 'gloss', align: 'left', maxWidth: 42 },
      ...(nodes.length === 1 ? [] : [{ title: 'node', align: 'right' as const, maxWidth: 4 }]),
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

function explainAccess(nodes: readonly DemoNode[]): void {
  const [first] = nodes;
  if (first === undefined) return;
  const tryIt = `Try, for example:
  curl ${first.url}/collections/${collectionName}
  curl -X POST ${first.url}/collections/${collectionName}/points/scroll \\
    -H 'content-type: application/json' \\
    -d '{"limit": 2, "filter": {"must": [{"key": "category", "match": {"value": "noun.animal"}}]}}'`;
  if (nodes.length === 1) {
    console.log(`
The node is up until you press Ctrl-C. Its data stays in ./storage.
  REST  ${first.url}
  gRPC  ${host}:${first.ports.grpc}
${tryIt}`);
    return;
  }
  const list = nodes.map(
    ({ number, url, ports, process: { pid } }) =>
      `  node ${number}  REST ${url}  gRPC ${host}:${ports.grpc}  process ${pid}`,
  );
  const victim = nodes[1] ?? first;
  console.log(`
The nodes are up until you press Ctrl-C. Their data stays in ./storage/cluster.
${list.join('\n')}
${tryIt}
  curl ${first.url}/cluster
  curl ${first.url}/collections/${collectionName}/cluster
Kill one of them, say node ${victim.number}, and search and write on through the others:
  kill -9 ${victim.process.pid}
Then start it again, in another terminal, and watch its replicas come back:
  ${victim.command ?? ''}`);
}

function numberFrom(variable: string, fallback: number, most: number, what: string): number {
  const text = process.env[variable];
  const number = text === undefined || text === '' ? fallback : Number(text);
  if (!Number.isInteger(number) || number < 1 || number > most)
    throw new Error(`${variable} is not ${what}: ${text ?? ''}`);
  return number;
}

function readOptions(repository: string): DemoOptions {
  const port = (variable: string, fallback: number): number => numberFrom(variable, fallback, 65_535, 'a port');
  return {
    repository,
    nodes: numberFrom('NODES', 3, nodesMax, `a number of nodes from 1 to ${nodesMax}`),
    httpPort: port('QDRANT__SERVICE__HTTP_PORT', 6333),
    grpcPort: port('QDRANT__SERVICE__GRPC_PORT', 6334),
    peerPort: port('QDRANT__CLUSTER__P2P__PORT', 6335),
    storageFolder: resolve(repository, process.env['QDRANT__STORAGE__STORAGE_PATH'] ?? 'storage'),
  };
}

async function demonstrate(nodes: DemoNodes, data: ExampleData, start: number): Promise<void> {
  await nodes.ready();
  const [first] = nodes.nodes;
  if (first === undefined) return;
  console.log(
    nodes.nodes.length === 1
      ? `The node is ready after ${seconds(start)} s.`
      : `The ${nodes.nodes.length} nodes are ready after ${seconds(start)} s.`,
  );
  const client = new RestClient(first.url);
  await prepare(client, data, nodes.nodes.length);
  await showSearches(nodes.nodes, data);
  await checkRecall(client, data);
  explainAccess(nodes.nodes);
}

/** Starts the nodes, shows what they can do, and stays until it is told to stop. The process's exit code. */
async function main(repository: string): Promise<number> {
  const options = readOptions(repository);
  const taken = await DemoNodes.takenPort(options);
  if (taken !== null) {
    console.error(
      `Port ${taken} on ${host} is taken, perhaps by a node that still runs. Stop that one, or choose other ports:\n` +
        '  QDRANT__SERVICE__HTTP_PORT=7333 QDRANT__SERVICE__GRPC_PORT=7334 QDRANT__CLUSTER__P2P__PORT=7335 make run',
    );
    return 1;
  }
  const data = await readExampleData(join(repository, 'examples', 'wordnet'));
  const start = performance.now();
  const nodes = DemoNodes.start(options);
  const told = { toStop: false };
  const stop = (): void => {
    if (!told.toStop) console.log('\nStopping.');
    told.toStop = true;
    nodes.signal('SIGTERM');
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  const exits = nodes.exits((node, { code, signal }) => {
    if (told.toStop) return;
    const log = options.nodes === 1 ? 'build/run.log' : `build/run-${node.number}.log`;
    console.error(`Node ${node.number} ended with ${signal ?? `code ${code ?? 'unknown'}`}; its log is ${log}.`);
  });
  try {
    await demonstrate(nodes, data, start);
  } catch (error) {
    if (!told.toStop) {
      console.error(error instanceof Error ? error.message : error);
      told.toStop = true;
      nodes.signal('SIGTERM');
      await exits;
      return 1;
    }
  }
  const ended = await exits;
  // Nodes that were killed on the way ended as they were told to, only not by us.
  return told.toStop && ended.some(({ code }) => code === 0) ? 0 : 1;
}

process.exitCode = await main(process.cwd());
