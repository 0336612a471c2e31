/** How long a change of the metadata is waited for when the caller does not say. */
const defaultMs = 10_000;

export function metadataTimeoutMs(requestedMs: number | null): number {
  return requestedMs ?? defaultMs;
}
