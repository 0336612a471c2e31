// One shard, driven by lines of JSON on stdin; each is answered by a line of JSON on stdout:
//   {"do":"write","id":1,"value":2}  {"do":"checkpoint"}  {"do":"state"}  {"do":"values"}
//   node shard-commands.mjs FOLDER
import { Buffer } from 'node:buffer';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

import { LocalShard } from '../../dist/shard/local-shard.js';
import { defaultLogOptions, defaultShardPolicy } from '../../dist/shard/shard-policy.js';

const addon = createRequire(import.meta.url)('../../build/Release/engine.node');
const [folder] = process.argv.slice(2);
const dimension = 4096;

const store = await addon.openStore(`${folder}/rocksdb`, { blockCacheBytes: 8 << 20 });
const shard = await LocalShard.open({
  addon,
  directory: `${folder}/shard`,
  store,
  collection: 1,
  shard: 0,
  schema: {
    vectors: [
      {
        kind: 'dense',
        name: '',
        dimension,
        distance: 'Dot',
        datatype: 'float32',
        m: 8,
        efConstruct: 32,
        walk: 'codes',
      },
    ],
    indexingThresholdBytes: 1 << 30,
    fullScanThresholdBytes: 1024,
  },
  log: { ...defaultLogOptions, segmentBytes: 64 << 20 },
  policy: { ...defaultShardPolicy, retryIntervalMs: 20 },
});

async function write({ id, value }) {
  const body = JSON.stringify({ points: [{ id, vector: new Array(dimension).fill(value), payload: { value } }] });
  const { operation } = addon.codec.parseUpsert(Buffer.from(body), [{ name: '', kind: 'dense', dimension }]);
  return shard.write(operation, { wait: true });
}

async function values() {
  const from = null;
  const selectors = { payload: Buffer.from([1]), vectors: Buffer.from([0]) };
  const page = await shard.scroll({ filter: null, from, limit: 10_000, ...selectors });
  const records = JSON.parse(addon.codec.pointsToJson(page.points, 'record').toString());
  return Object.fromEntries(records.map(({ id, payload }) => [id, payload.value]));
}

function answerTo(command) {
  switch (command.do) {
    case 'write':
      return write(command);
    case 'checkpoint':
      return shard.checkpoint();
    case 'state':
      return { status: shard.status(), readOnly: shard.info().readOnly };
    case 'values':
      return values();
    default:
      throw new Error(`there is no command ${command.do}`);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { done: (await answerTo(JSON.parse(line))) ?? null };
  } catch (error) {
    answer = { code: error.code ?? null, message: error.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await shard.close().catch(() => undefined);
await store.close().catch(() => undefined);
