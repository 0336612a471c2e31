/**
 * The syntax of payload paths, as the engine has it: keys separated by dots, each optionally followed
 * by `[]` or `[3]`; keys with other characters in double quotes. Checked before an operation is
 * logged, since what is in a log must apply.
 */
import { ServiceError } from '../errors.js';

const pathBytesMax = 4096;
const stepsMax = 64;
const largestIndex = 2n ** 64n - 1n;

/** A key with its brackets, and what separates it from the next; any character beyond ASCII may stand bare. */
const bareKey = String.raw`[A-Za-z0-9_\-\u0080-\u{10FFFF}]+`;
const segment = new RegExp(String.raw`(?:(${bareKey})|"([^"\\]*)")((?:\[\d*\])*)(\.|$)`, 'uy');
const whollyBare = new RegExp(`^${bareKey}$`, 'u');

function refusal(path: string, field: string): ServiceError {
  const shown = JSON.stringify(path.slice(0, 80));
  return new ServiceError('format', `Format error in JSON body: ${field}: ${shown} is not a payload path`);
}

/** The one spelling of a path: quotes only where they are needed. `field` names the place in the request. */
export function canonicalPayloadPath(path: string, field: string): string {
  if (Buffer.byteLength(path) > pathBytesMax) {
    throw new ServiceError('bad-request', `${field}: a payload path has at most ${pathBytesMax} bytes`);
  }
  const keys: string[] = [];
  let steps = 0;
  segment.lastIndex = 0;
  for (;;) {
    const found = segment.exec(path);
    if (found === null) throw refusal(path, field);
    const [, bare, quoted, brackets = '', separator] = found;
    const indexes = brackets.match(/\d+/g) ?? [];
    if (indexes.some((index) => BigInt(index) > largestIndex)) throw refusal(path, field);
    steps += 1 + (brackets.match(/\[/g)?.length ?? 0);
    const key = bare ?? quoted ?? '';
    keys.push((whollyBare.test(key) ? key : `"${key}"`) + brackets.replaceAll(/\[0+(?=\d)/g, '['));
    if (separator === '') break;
  }
  if (steps > stepsMax) throw refusal(path, field);
  return keys.join('.');
}
