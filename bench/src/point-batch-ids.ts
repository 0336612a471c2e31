/** The integer ids of a point batch with scores and nothing else (docs/internals/engine.md, "Point batches"). */
export function idsOfBatch(batch: Uint8Array): number[] {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  if (view.getUint8(0) !== 1) throw new Error(`point batch version ${view.getUint8(0)} is not known`);
  if (view.getUint8(1) !== 1) throw new Error('the batch carries more than scores');
  let offset = 4;
  for (let names = view.getUint16(2, true); names > 0; names--) offset += 2 + view.getUint16(offset, true);
  const count = view.getUint32(offset, true);
  offset += 4;
  const ids: number[] = [];
  for (let point = 0; point < count; point++) {
    if (view.getUint8(offset) !== 0) throw new Error('a point of the benchmark has an integer id');
    ids.push(Number(view.getBigUint64(offset + 1, true)));
    offset += 1 + 8 + 8 + 4;
  }
  return ids;
}
