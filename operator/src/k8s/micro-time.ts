/** A time as Leases and Events have it: with digits for microseconds, without which the API server refuses it. */
export class MicroTime extends Date {
  override toISOString(): string {
    return super.toISOString().replace(/Z$/, '000Z');
  }
}
