/**
 * The syntax of payload paths: keys separated by dots, each optionally followed by `[]` or `[3]`; keys
 * with other characters in double quotes. Checked before an operation is logged, since what is in a
 * log must apply.
 */
import { ServiceError } from '../errors.js';

const pathBytesMax = 4096;
const key = String.raw`(?:[\p{L}\p{N}_\-]+|"[^"]+")(?:\[\d*\])*`;
const pathPattern = new RegExp(`^${key}(?:\\.${key})*$`, 'u');

/** `field` names the place in the request. */
export function checkPayloadPath(path: string, field: string): void {
  if (Buffer.byteLength(path) > pathBytesMax) {
    throw new ServiceError('bad-request', `${field}: a payload path has at most ${pathBytesMax} bytes`);
  }
  if (!pathPattern.test(path)) {
    throw new ServiceError(
      'format',
      `Format error in JSON body: ${field}: ${JSON.stringify(path.slice(0, 80))} is not a payload path`,
    );
  }
}
