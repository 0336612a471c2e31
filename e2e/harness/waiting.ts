/** Waiting for what must come true, with a deadline and the last answer in the complaint. */

const defaultPollMs = 20;

export interface WaitOptions {
  /** What is waited for, to complete the sentence "waited for ...". */
  readonly what: string;
  readonly deadlineMs?: number;
  /** How long to wait between looks: longer where a look costs the machine more. */
  readonly pollMs?: number;
}

/** Calls `look` until it gives something other than null; errors count as null and are named at the end. */
export async function waitFor<T>(look: () => Promise<T | null> | T | null, options: WaitOptions): Promise<T> {
  const deadlineMs = options.deadlineMs ?? 30_000;
  const end = performance.now() + deadlineMs;
  let last = '';
  for (;;) {
    try {
      const found = await look();
      if (found !== null) return found;
    } catch (error) {
      last = ` (last error: ${error instanceof Error ? error.message : String(error)})`;
    }
    if (performance.now() > end) {
      throw new Error(`waited ${deadlineMs} ms for ${options.what}${last}`);
    }
    await new Promise((resolve) => setTimeout(resolve, options.pollMs ?? defaultPollMs));
  }
}

/** As waitFor, for a condition; `shown` tells in the complaint what was there instead. */
export async function waitUntil(
  holds: () => Promise<boolean> | boolean,
  options: WaitOptions & { readonly shown?: () => Promise<unknown> },
): Promise<void> {
  try {
    await waitFor(async () => ((await holds()) ? true : null), options);
  } catch (error) {
    if (options.shown === undefined) throw error;
    throw new Error(`${String(error)}; there is ${JSON.stringify(await options.shown())}`, { cause: error });
  }
}
