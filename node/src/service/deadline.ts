/** `work`, or `late` when it takes longer than `limitMs`. The work itself goes on: it cannot be undone half-way. */
export async function withDeadline<T, L>(work: Promise<T>, limitMs: number | null, late: L): Promise<T | L> {
  if (limitMs === null) return work;
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<L>((resolve) => {
    timer = setTimeout(() => resolve(late), limitMs);
  });
  // The caller has its answer when the limit wins; a later failure must not end the process.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
