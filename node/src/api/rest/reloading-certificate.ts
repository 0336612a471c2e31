/** The TLS certificate and key of the settings, looked at again every `cert_ttl` seconds. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import { SettingsError } from '../../settings/load-settings.js';
import type { Settings } from '../../settings/settings.js';

export interface CertificatePair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

function readPair(settings: Settings): CertificatePair {
  const pair = { cert: readFileSync(settings.tls.cert), key: readFileSync(settings.tls.key) };
  // Throws when the two do not belong together: better here than at the first handshake.
  createSecureContext(pair);
  return pair;
}

export class ReloadingCertificate {
  readonly #settings: Settings;
  readonly #logger: Logger;
  readonly #listeners: ((pair: CertificatePair) => void)[] = [];
  #pair: CertificatePair;
  #timer: NodeJS.Timeout | null = null;

  constructor(settings: Settings, logger: Logger) {
    this.#settings = settings;
    this.#logger = logger;
    try {
      this.#pair = readPair(settings);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new SettingsError(`service.enable_tls is true, and the certificate cannot be used: ${reason}.`);
    }
    const ttlSec = settings.tls.cert_ttl ?? 0;
    if (ttlSec > 0) {
      this.#timer = setInterval(() => this.#reload(), Math.min(ttlSec * 1000, 2 ** 31 - 1));
      this.#timer.unref();
    }
  }

  current(): CertificatePair {
    return this.#pair;
  }

  onChange(listener: (pair: CertificatePair) => void): void {
    this.#listeners.push(listener);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** A pair that is half replaced, or gone, leaves the one in use until the next look. */
  #reload(): void {
    try {
      const pair = readPair(this.#settings);
      if (pair.cert.equals(this.#pair.cert) && pair.key.equals(this.#pair.key)) return;
      this.#pair = pair;
      for (const listener of this.#listeners) listener(pair);
      this.#logger.info('The TLS certificate was reloaded');
    } catch (error) {
      this.#logger.error({ err: error }, 'The TLS certificate cannot be reloaded; the old one stays in use');
    }
  }
}
