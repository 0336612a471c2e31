/** Durations such as 90s, 6m or 1h30m. */

const unitsMs: ReadonlyMap<string, number> = new Map([
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
]);

/** The same in the rules of the CustomResourceDefinition. At most eleven days and a bit in each part. */
export const durationPattern = '^([0-9]{1,6}[hms])+$';

/** Null when it is not a duration. */
export function parseDurationMs(text: string): number | null {
  if (!new RegExp(durationPattern).test(text)) return null;
  let totalMs = 0;
  for (const [, digits, unit] of text.matchAll(/([0-9]+)([hms])/g))
    totalMs += Number(digits) * (unitsMs.get(unit!) ?? 0);
  return totalMs;
}
