import { readFileSync } from 'node:fs';

/** What a process did to a disk, in order: the records that power_loss.c writes. */
export type DiskEvent = { readonly position: number } & (
  | {
      readonly kind: 'open';
      readonly handle: bigint;
      readonly path: string;
      readonly create: boolean;
      readonly empty: boolean;
    }
  | { readonly kind: 'close'; readonly handle: bigint }
  | { readonly kind: 'write'; readonly handle: bigint; readonly offset: number; readonly data: Buffer }
  | { readonly kind: 'truncate'; readonly handle: bigint; readonly size: number }
  | { readonly kind: 'grow'; readonly handle: bigint; readonly size: number }
  /** Everything before `began` on this file or folder is durable, or lost for good when the sync failed. */
  | { readonly kind: 'sync' | 'sync failed'; readonly handle: bigint; readonly began: number }
  | { readonly kind: 'rename' | 'link'; readonly from: string; readonly to: string }
  | { readonly kind: 'unlink' | 'mkdir' | 'rmdir'; readonly path: string }
  | { readonly kind: 'truncate path'; readonly path: string; readonly size: number }
  /** Something the process wrote to the descriptor of its marks. */
  | { readonly kind: 'mark'; readonly data: Buffer }
);

const HEAD_BYTES = 25;
const O_CREAT = 0o100;
const O_TRUNC = 0o1000;

/** Reads a journal; a record that a killed process did not finish is left out. */
export function readJournal(path: string): DiskEvent[] {
  const bytes = readFileSync(path);
  const events: DiskEvent[] = [];
  let position = 0;
  while (position + HEAD_BYTES <= bytes.length) {
    const pathStart = position + HEAD_BYTES;
    const dataStart = pathStart + bytes.readUInt32LE(position + 17);
    const end = dataStart + bytes.readUInt32LE(position + 21);
    if (end > bytes.length) break;
    events.push(decode(bytes, position, bytes.subarray(pathStart, dataStart), bytes.subarray(dataStart, end)));
    position = end;
  }
  return events;
}

function decode(bytes: Buffer, position: number, first: Buffer, data: Buffer): DiskEvent {
  const kind = bytes.readUInt8(position);
  const handle = bytes.readBigUInt64LE(position + 1);
  const number = Number(bytes.readBigUInt64LE(position + 9));
  const path = first.toString();
  switch (kind) {
    case 1:
      return {
        position,
        kind: 'open',
        handle,
        path,
        create: (number & O_CREAT) !== 0,
        empty: (number & O_TRUNC) !== 0,
      };
    case 2:
      return { position, kind: 'close', handle };
    case 3:
      return { position, kind: 'write', handle, offset: number, data };
    case 4:
      return { position, kind: 'truncate', handle, size: number };
    case 5:
      return { position, kind: 'grow', handle, size: number };
    case 6:
      return { position, kind: 'sync', handle, began: number };
    case 7:
      return { position, kind: 'sync failed', handle, began: number };
    case 8:
      return { position, kind: 'rename', from: path, to: data.toString() };
    case 9:
      return { position, kind: 'unlink', path };
    case 10:
      return { position, kind: 'mkdir', path };
    case 11:
      return { position, kind: 'rmdir', path };
    case 12:
      return { position, kind: 'link', from: path, to: data.toString() };
    case 13:
      return { position, kind: 'mark', data };
    case 14:
      return { position, kind: 'truncate path', path, size: number };
    default:
      throw new Error(`unknown kind ${kind} at byte ${position} of the journal`);
  }
}
