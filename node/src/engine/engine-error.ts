import type { EngineErrorCode } from './addon.js';

const codes: ReadonlySet<string> = new Set<EngineErrorCode>([
  'BAD_REQUEST',
  'BAD_JSON',
  'POINT_NOT_FOUND',
  'NO_SPACE',
  'IO',
  'CORRUPT',
  'CLOSED',
]);

/** An error that the engine gives, or that a shard gives in the engine's name. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The code of an error that came out of the engine, or null for any other value. */
export function engineErrorCode(error: unknown): EngineErrorCode | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  const { code } = error;
  return typeof code === 'string' && isEngineErrorCode(code) ? code : null;
}

function isEngineErrorCode(code: string): code is EngineErrorCode {
  return codes.has(code);
}
