// Writes to a shard until it is killed, or made the given number of writes. Says on stdout what it is
// about to write, and what was acknowledged: "S <id> <value>" and "A <id> <value>".
//   node crash-writer.mjs FOLDER SEED [WRITES]
import { Buffer } from 'node:buffer';
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';

import { LocalShard } from '../../dist/shard/local-shard.js';
import { defaultLogOptions, defaultShardPolicy } from '../../dist/shard/shard-policy.js';

const addon = createRequire(import.meta.url)('../../build/Release/engine.node');
const [folder, seed, writes = 'Infinity'] = process.argv.slice(2);

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
        dimension: 4,
        distance: 'Dot',
        datatype: 'float32',
        m: 8,
        efConstruct: 32,
        walk: 'codes',
      },
    ],
    indexingThresholdBytes: 1024,
    fullScanThresholdBytes: 1024,
  },
  log: { ...defaultLogOptions, segmentBytes: 64 * 1024 },
  // Everything that may be caught half way happens often.
  policy: {
    ...defaultShardPolicy,
    flushIntervalMs: 20,
    checkpointLogBytes: 16 * 1024,
    deletedThreshold: 0.05,
    vacuumMinSlots: 20,
  },
});
writeSync(1, 'open\n');

let state = Number(seed);
function random(below) {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return (state >>> 8) % below;
}

async function writer(first) {
  for (let round = 0; round < Number(writes) / 4; round++) {
    const id = first + 4 * random(100);
    const value = Number(seed) * 1_000_000 + round;
    const body = JSON.stringify({ points: [{ id, vector: [value % 1000, 1, 2, 3], payload: { value } }] });
    const { operation } = addon.codec.parseUpsert(Buffer.from(body), [{ name: '', kind: 'dense', dimension: 4 }]);
    writeSync(1, `S ${id} ${value}\n`);
    await shard.write(operation, { wait: random(2) === 0 });
    writeSync(1, `A ${id} ${value}\n`);
  }
}

await Promise.all([0, 1, 2, 3].map(writer));
process.exit();
