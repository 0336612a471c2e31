/** Times of Kubernetes' objects: `Date` in its types, and never trusted to be one. */
export function timeMs(time: unknown): number | null {
  const ms = time instanceof Date ? time.getTime() : typeof time === 'string' ? Date.parse(time) : NaN;
  return Number.isNaN(ms) ? null : ms;
}
