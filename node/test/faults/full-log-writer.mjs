// Appends a record of 100 kB for each line of its standard input, and prints its sequence or the code
// of the error; `append until taken` tries until there is no error: node full-log-writer.mjs ADDON FOLDER
import { Buffer } from 'node:buffer';
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { setImmediate as turn } from 'node:timers/promises';

const [addonPath, folder] = process.argv.slice(2);
const addon = createRequire(import.meta.url)(addonPath);
const log = await addon.openLog(folder, { segmentBytes: 1 << 20, sync: 'always', syncIntervalMs: 5 });

async function append() {
  try {
    const sequence = log.append([Buffer.alloc(100_000, 'x')]);
    await log.durable(sequence);
    return String(sequence);
  } catch (error) {
    return error.code;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer = await append();
  while (line === 'append until taken' && answer === 'NO_SPACE') {
    await turn();
    answer = await append();
  }
  writeSync(1, `${answer}\n`);
}
await log.close();
