/** Reads request bodies into memory, within limits for one and for all of them together. */
import type { IncomingMessage } from 'node:http';
import { ServiceError } from '../../errors.js';

/** How many bodies of the largest size may be in memory at once. */
const largestBodiesAtOnce = 16;

export class BodyReader {
  readonly #limitBytes: number;
  readonly #totalLimitBytes: number;
  #totalBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.#totalLimitBytes = limitBytes * largestBodiesAtOnce;
  }

  /** `release` must be called when the body is no longer needed. */
  async read(request: IncomingMessage): Promise<{ readonly body: Buffer; readonly release: () => void }> {
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      throw new ServiceError(
        'format',
        `Content-Encoding ${encoding.slice(0, 40)} is not supported: send the body as it is`,
      );
    }
    const declared = Number(request.headers['content-length'] ?? 0);
    if (declared > this.#limitBytes) throw this.#tooLarge(declared);
    if (declared === 0 && request.headers['transfer-encoding'] === undefined) {
      return { body: Buffer.alloc(0), release: () => undefined };
    }
    let held = 0;
    const release = (): void => {
      this.#totalBytes -= held;
      held = 0;
    };
    const chunks: Buffer[] = [];
    try {
      await new Promise<void>((resolve, reject) => {
        request.on('data', (chunk: Buffer) => {
          held += chunk.length;
          this.#totalBytes += chunk.length;
          chunks.push(chunk);
          if (held > this.#limitBytes) reject(this.#tooLarge(held));
          else if (this.#totalBytes > this.#totalLimitBytes) {
            reject(new ServiceError('unavailable', 'Too many large requests at once, try again later'));
          }
        });
        request.on('end', resolve);
        request.on('error', reject);
        // The peer went away in the middle: nobody reads the answer, but the wait must end.
        request.on('close', () => {
          // It closes after a complete body too, on every request, and an error costs its stack.
          if (!request.complete) reject(new ServiceError('format', 'The request body ended too early'));
        });
      });
    } catch (error) {
      request.removeAllListeners('data');
      release();
      throw error;
    }
    const [only] = chunks;
    return { body: chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, held), release };
  }

  #tooLarge(bytes: number): ServiceError {
    return new ServiceError(
      'too-large',
      `JSON payload (${bytes} bytes) is larger than allowed (limit: ${this.#limitBytes} bytes).`,
    );
  }
}
