/** What a collection may be called: the name becomes the name of a folder. */
import { ServiceError } from '../errors.js';

const nameBytesMax = 255;
const forbidden = ['<', '>', ':', '"', '/', '\\', '|', '?', '*', '\0', '\u{1F}'];

function refusal(problem: string): ServiceError {
  return new ServiceError('validation', `Validation error in path parameters: [collection_name: ${problem}]`);
}

export function checkCollectionName(name: string): void {
  if (name === '') throw refusal('must not be empty');
  if (Buffer.byteLength(name) > nameBytesMax) throw refusal(`must have at most ${nameBytesMax} bytes`);
  const found = forbidden.find((character) => name.includes(character));
  if (found !== undefined) throw refusal(`collection name cannot contain ${JSON.stringify(found)} char`);
  if (name === '.' || name === '..') throw refusal('must not be a relative path');
}
