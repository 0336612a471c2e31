/** Quantities as Kubernetes writes them: 500m, 2, 1.5Gi, 3e9. */

const suffixes: ReadonlyMap<string, number> = new Map([
  ['n', 1e-9],
  ['u', 1e-6],
  ['m', 1e-3],
  ['', 1],
  ['k', 1e3],
  ['M', 1e6],
  ['G', 1e9],
  ['T', 1e12],
  ['P', 1e15],
  ['E', 1e18],
  ['Ki', 2 ** 10],
  ['Mi', 2 ** 20],
  ['Gi', 2 ** 30],
  ['Ti', 2 ** 40],
  ['Pi', 2 ** 50],
  ['Ei', 2 ** 60],
]);
const form = /^([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:([eE][+-]?[0-9]{1,3})|([numkMGTPE]|[KMGTPE]i)?)$/;

/** In units: cores, bytes. Null when it is not a quantity. */
export function parseQuantity(text: string): number | null {
  const match = form.exec(text);
  if (match === null) return null;
  const [, digits, exponent, suffix] = match;
  if (exponent !== undefined) return Number(`${digits}${exponent}`);
  return Number(digits) * (suffixes.get(suffix ?? '') ?? 1);
}
