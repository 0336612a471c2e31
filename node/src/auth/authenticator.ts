/** Who may do what, by api key. Both APIs ask here once per request. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { ServiceError } from '../errors.js';
import { fullAccess, readAccess, type Access } from '../service/access.js';

export interface ApiKeys {
  readonly apiKey: string | null;
  /** A second key with full rights, for rotation. */
  readonly altApiKey: string | null;
  readonly readOnlyApiKey: string | null;
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key, 'utf8').digest();
}

export class Authenticator {
  readonly #keys: readonly { readonly digest: Buffer; readonly access: Access }[];

  constructor(keys: ApiKeys) {
    this.#keys = [
      { key: keys.apiKey, access: fullAccess },
      { key: keys.altApiKey, access: fullAccess },
      { key: keys.readOnlyApiKey, access: readAccess },
    ].flatMap(({ key, access }) => (key === null || key === '' ? [] : [{ digest: digest(key), access }]));
  }

  /** Whether any key is asked for. */
  get required(): boolean {
    return this.#keys.length > 0;
  }

  /**
   * The rights of a caller. `apiKey` is the `api-key` header, `authorization` the whole header of that
   * name. Throws `unauthenticated`.
   */
  authenticate(apiKey: string | undefined, authorization: string | undefined): Access {
    if (!this.required) return fullAccess;
    const presented = apiKey ?? bearerToken(authorization);
    if (presented === undefined) {
      throw new ServiceError('unauthenticated', 'Must provide an API key or an Authorization bearer token');
    }
    // Digests have one length, so the comparison takes the same time for every wrong key; all keys are
    // always compared, so that the time does not tell which one came close.
    const given = digest(presented);
    let access: Access | null = null;
    for (const key of this.#keys) {
      if (timingSafeEqual(given, key.digest) && access === null) access = key.access;
    }
    if (access === null) throw new ServiceError('unauthenticated', 'Invalid API key or JWT');
    return access;
  }
}

function bearerToken(authorization: string | undefined): string | undefined {
  const match = /^bearer +(.+)$/i.exec(authorization ?? '');
  return match?.[1];
}
