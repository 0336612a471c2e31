// Appends pairs of records to a log, and prints the last sequence of each once it was acknowledged:
//   node log-writer.mjs ADDON FOLDER always|interval SEGMENT_BYTES PAIRS
// Exits with 3 when the disk fails. Bodies follow from the sequences (log-records.ts).
import { Buffer } from 'node:buffer';
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setImmediate as turn } from 'node:timers/promises';

const [addonPath, folder, sync, segmentBytes, pairs] = process.argv.slice(2);
const addon = createRequire(import.meta.url)(addonPath);
const log = await addon.openLog(folder, { segmentBytes: Number(segmentBytes), sync, syncIntervalMs: 10_000 });

function body(sequence) {
  return Buffer.alloc(1 + ((sequence * 7919) % 3000), `record ${sequence} `);
}

async function append() {
  const waiting = [];
  for (let i = 0; i < Number(pairs); ++i) {
    const sequence = log.append([body(log.lastSequence + 1), body(log.lastSequence + 2)]) + 1;
    const acknowledged = log.durable(sequence).then(() => writeSync(1, `${sequence}\n`));
    // It may fail before it is awaited below; unhandled, that would end the process with another exit code.
    acknowledged.catch(() => undefined);
    waiting.push(acknowledged);
    if (i % 5 === 0) await turn();
    if (i % 50 === 49) {
      await Promise.all(waiting.splice(0));
      await log.truncateBefore(Math.max(0, sequence - 200));
    }
  }
  await Promise.all(waiting);
  await log.close();
}

await append().catch((error) => {
  process.exitCode = error.code === 'NO_SPACE' || error.code === 'IO' ? 3 : 1;
});
process.exit();
