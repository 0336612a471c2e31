/**
 * Whether a node holds what its writers were promised: every point once, in order and exact, filters
 * through indexes as without, and every vector found by itself.
 */
import { isInteger, parse } from 'lossless-json';
import { expect } from 'vitest';
import type { RestCaller } from '../harness/rest.js';
import { pointsText, pointText, type Id, type Point, type Points } from './point-model.js';
import { tags, writerOf } from './random-steps.js';

interface FoundPoint {
  readonly id: Id;
  readonly payload: Point['payload'];
  readonly vector: Point['vectors'];
}

function number(text: string): number | bigint {
  const value = Number(text);
  return isInteger(text) && !Number.isSafeInteger(value) ? BigInt(text) : value;
}

async function post(call: RestCaller, path: string, body: object): Promise<unknown> {
  const reply = await call('POST', path, body);
  expect([reply.status, reply.status === 200 ? '' : reply.text]).toEqual([200, '']);
  return (parse(reply.text, null, number) as { result: unknown }).result;
}

/** All points in pages of a size that divides nothing. */
export async function scrollAll(call: RestCaller, path: string): Promise<readonly FoundPoint[]> {
  const found: FoundPoint[] = [];
  let offset: Id | null = null;
  do {
    const body: object = { limit: 37, offset, with_payload: true, with_vector: true };
    const page = (await post(call, `${path}/points/scroll`, body)) as {
      points: FoundPoint[];
      next_page_offset: Id | null;
    };
    found.push(...page.points);
    offset = page.next_page_offset;
  } while (offset !== null);
  return found;
}

function isBefore(a: Id, b: Id): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  if (typeof a === 'string' && typeof b === 'string') return a < b;
  return typeof a === 'number';
}

function pointOf({ payload, vector }: FoundPoint): Point {
  return { payload, vectors: vector };
}

/** The points of each writer, told apart by their ids. */
function splitByWriter(found: readonly FoundPoint[], writers: number): readonly Map<Id, Point>[] {
  const split = Array.from({ length: writers }, () => new Map<Id, Point>());
  for (const point of found) {
    const points = split[writerOf(point.id)];
    expect(points, `point ${point.id} was never sent`).toBeDefined();
    points?.set(point.id, pointOf(point));
  }
  return split;
}

function shown(point: Point | undefined): string {
  return point === undefined ? 'nothing' : pointText(point);
}

function differingIds(found: Points, wanted: Points): readonly Id[] {
  return [...new Set([...found.keys(), ...wanted.keys()])].filter(
    (id) => shown(found.get(id)) !== shown(wanted.get(id)),
  );
}

/** The first differences to the candidate that is nearest, for a person. */
function differences(found: Points, candidates: readonly Points[]): string {
  const [nearest] = candidates
    .map((wanted) => ({ wanted, ids: differingIds(found, wanted) }))
    .sort((a, b) => a.ids.length - b.ids.length);
  if (nearest === undefined) return '';
  return nearest.ids
    .slice(0, 4)
    .map((id) => `  ${id}\n    is     ${shown(found.get(id))}\n    should ${shown(nearest.wanted.get(id))}`)
    .join('\n');
}

async function countOf(call: RestCaller, path: string, filter: object): Promise<number> {
  return ((await post(call, `${path}/points/count`, { filter, exact: true })) as { count: number }).count;
}

async function checkFilters(call: RestCaller, path: string, points: readonly Point[]): Promise<void> {
  for (const tag of tags) {
    const wanted = points.filter(({ payload }) => payload['tag'] === tag).length;
    for (const key of ['tag', 'plain_tag']) {
      expect(await countOf(call, path, { must: [{ key, match: { value: tag } }] }), `${key} ${tag}`).toBe(wanted);
    }
  }
  for (const [gte, lt] of [
    [0, 10],
    [7, 33],
    [25, 50],
  ] as const) {
    const wanted = points.filter(({ payload: { number: n } }) => typeof n === 'number' && n >= gte && n < lt).length;
    for (const key of ['number', 'plain_number']) {
      expect(await countOf(call, path, { must: [{ key, range: { gte, lt } }] }), `${key} from ${gte}`).toBe(wanted);
    }
  }
  const empty = points.filter(({ payload }) => payload['tag'] === undefined).length;
  expect(await countOf(call, path, { must: [{ is_empty: { key: 'tag' } }] })).toBe(empty);
}

/** A search for a point's own vector finds it at distance 0, through the graph and without. */
async function checkSearches(call: RestCaller, path: string, points: readonly FoundPoint[]): Promise<void> {
  for (const using of ['dense', 'half', 'bytes'] as const) {
    const having = points.filter(({ vector }) => vector[using] !== undefined);
    for (let index = 0; index < having.length; index += Math.ceil(having.length / 6)) {
      const { id, vector } = having[index] ?? { id: '', vector: {} };
      for (const exact of [false, true]) {
        const body = { query: vector[using], using, limit: 3, params: { exact, hnsw_ef: 64 } };
        const { points: hits } = (await post(call, `${path}/points/query`, body)) as {
          points: { id: Id; score: number }[];
        };
        const text = `${using} of ${id}, exact ${exact}: ${JSON.stringify(hits)}`;
        expect(
          hits.filter(({ score }) => score === 0).map((hit) => hit.id),
          text,
        ).toContain(id);
      }
    }
  }
}

/** `candidates`: the states that the points of each writer may have. Resolves to those that they have. */
export async function checkCollection(
  call: RestCaller,
  path: string,
  candidates: readonly (readonly Points[])[],
): Promise<readonly Points[]> {
  const found = await scrollAll(call, path);
  for (const [index, points] of splitByWriter(found, candidates.length).entries()) {
    const allowed = candidates[index] ?? [];
    const text = pointsText(points);
    if (allowed.some((candidate) => pointsText(candidate) === text)) continue;
    expect.fail(`writer ${index} finds none of its ${allowed.length} states:\n${differences(points, allowed)}`);
  }
  await checkConsistency(call, path, found);
  return splitByWriter(found, candidates.length);
}

/** What must hold of any points: filters and searches agree with what scroll lists. */
export async function checkConsistency(call: RestCaller, path: string, found: readonly FoundPoint[]): Promise<void> {
  for (const [index, { id }] of found.entries()) {
    const next = found[index + 1];
    if (next !== undefined) expect(isBefore(id, next.id), `${id} before ${next.id}`).toBe(true);
  }
  expect(await countOf(call, path, {})).toBe(found.length);
  await checkFilters(call, path, found.map(pointOf));
  await checkSearches(call, path, found);
}
