import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const HEADER_BYTES = 20;
const RECORD_HEADER_BYTES = 24;

export interface LogRecord {
  readonly sequence: number;
  readonly body: Buffer;
}

/** Reads the records of a closed log straight from its files (docs/internals/storage.md, "Log files"). */
export function readLogRecords(folder: string): LogRecord[] {
  const records: LogRecord[] = [];
  for (const name of readdirSync(folder).sort()) {
    const bytes = readFileSync(join(folder, name));
    let position = HEADER_BYTES;
    while (position + RECORD_HEADER_BYTES < bytes.length && bytes.readUInt32LE(position) !== 0) {
      const start = position + RECORD_HEADER_BYTES;
      const end = start + bytes.readUInt32LE(position);
      records.push({ sequence: Number(bytes.readBigUInt64LE(position + 8)), body: bytes.subarray(start, end) });
      position = end;
    }
  }
  return records;
}

/** The body that log-writer.mjs gives to a sequence. */
export function expectedBody(sequence: number): Buffer {
  return Buffer.alloc(1 + ((sequence * 7919) % 3000), `record ${sequence} `);
}
