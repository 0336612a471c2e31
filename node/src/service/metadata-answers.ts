/** What callers are told when the metadata lacks what they ask for, or refuses a change of it. */
import type { LocalCollections } from '../collection/local-collections.js';
import { ServiceError } from '../errors.js';
import type { Applied } from '../metadata/metadata-operation.js';
import { rejectionText } from '../metadata/rejection.js';

export function noSuchCollection(name: string): ServiceError {
  return new ServiceError('not-found', `Collection \`${name}\` doesn't exist!`);
}

export function alreadyExists(name: string): ServiceError {
  return new ServiceError('already-exists', `Collection \`${name}\` already exists!`);
}

/** Why a collection that is asked for is not served. */
export function notServed(collections: LocalCollections, name: string): ServiceError {
  const failure = collections.failure(name);
  return failure === null
    ? noSuchCollection(name)
    : new ServiceError('internal', `Collection \`${name}\` could not be opened: ${failure}`);
}

/** `name` is that of the collection that the operation was about. */
export function refuseRejected({ rejection }: Applied, name: string): void {
  if (rejection === null) return;
  switch (rejection.reason) {
    case 'collection-exists':
      throw alreadyExists(name);
    case 'no-such-collection':
      throw noSuchCollection(name);
    case 'no-such-vector':
      throw new ServiceError('bad-input', rejectionText(rejection));
    case 'no-such-transfer':
      throw new ServiceError('not-found', rejectionText(rejection));
    case 'same-peer':
      throw new ServiceError('validation', `Validation error: ${rejectionText(rejection)}`);
    default:
      throw new ServiceError('bad-request', rejectionText(rejection));
  }
}
