/** Compiles a filter to the program that the engine runs (docs/internals/engine.md, "Filter programs"). */
import { ServiceError } from '../errors.js';
import { ByteWriter } from './byte-writer.js';
import type { Condition, ExactNumber, Filter, MatchValues, NumberBounds } from './filter.js';
import { writeIdsBlock } from './point-id.js';

const ops = {
  and: 0x01,
  or: 0x02,
  not: 0x03,
  atLeast: 0x04,
  everything: 0x05,
  keywordIn: 0x10,
  integerIn: 0x11,
  boolIs: 0x12,
  keywordNotIn: 0x13,
  integerNotIn: 0x14,
  range: 0x18,
  hasId: 0x20,
  isEmpty: 0x21,
  isNull: 0x22,
  valuesCount: 0x23,
  nested: 0x24,
  hasVector: 0x25,
} as const;

const numberTags = { i64: 0, u64: 1, f64: 2 } as const;
const boundFlags = { lt: 1, lte: 2, gt: 4, gte: 8 } as const;
const boundNames = ['lt', 'lte', 'gt', 'gte'] as const;

/** The engine refuses more; saying it here names the place in the filter. */
export const filterLimits = { depth: 64, nodes: 65_536, textBytes: 65_535 } as const;

const smallestI64 = -(2n ** 63n);
const largestI64 = 2n ** 63n - 1n;
const largestU64 = 2n ** 64n - 1n;
const largestU32 = 2 ** 32 - 1;

/**
 * A program, or null for a filter that constrains nothing. Throws `ServiceError` naming the place in
 * the filter, which `at` stands for.
 */
export function compileFilter(filter: Filter, at = 'filter'): Uint8Array | null {
  if (isUnconstrained(filter)) return null;
  const compiler = new Compiler();
  compiler.filter(filter, at, 1);
  return compiler.finish();
}

function isUnconstrained({ must, should, mustNot, minShould }: Filter): boolean {
  return must.length === 0 && should.length === 0 && mustNot.length === 0 && minShould === undefined;
}

function refuse(at: string, problem: string): ServiceError {
  return new ServiceError('bad-input', `${at}: ${problem}`);
}

/** Writes the tree in prefix order. `depth` is the node's own, the root's being 1. */
class Compiler {
  readonly #out = new ByteWriter();
  #nodes = 0;

  finish(): Uint8Array {
    return this.#out.finish();
  }

  filter(filter: Filter, at: string, depth: number): void {
    const { must, should, mustNot, minShould } = filter;
    const parts: ((depth: number) => void)[] = must.map((condition, index) => (below: number) => {
      this.#condition(condition, `${at}.must[${index}]`, below);
    });
    if (should.length > 0) parts.push((below) => this.#anyOf(should, `${at}.should`, below));
    mustNot.forEach((condition, index) => {
      parts.push((below) => {
        this.#node(ops.not, at, below);
        this.#condition(condition, `${at}.must_not[${index}]`, below + 1);
      });
    });
    if (minShould !== undefined) {
      const { conditions, minCount } = minShould;
      parts.push((below) => {
        this.#node(ops.atLeast, at, below);
        this.#out.u32(Math.min(minCount, largestU32));
        this.#conditions(conditions, `${at}.min_should.conditions`, below + 1);
      });
    }
    const [only] = parts;
    if (only === undefined) {
      this.#node(ops.everything, at, depth);
    } else if (parts.length === 1) {
      only(depth);
    } else {
      this.#node(ops.and, at, depth);
      this.#out.u32(parts.length);
      for (const part of parts) part(depth + 1);
    }
  }

  #anyOf(conditions: readonly Condition[], at: string, depth: number): void {
    const [only] = conditions;
    if (only !== undefined && conditions.length === 1) {
      this.#condition(only, `${at}[0]`, depth);
      return;
    }
    this.#node(ops.or, at, depth);
    this.#conditions(conditions, at, depth + 1);
  }

  #conditions(conditions: readonly Condition[], at: string, depth: number): void {
    this.#out.u32(conditions.length);
    conditions.forEach((condition, index) => {
      this.#condition(condition, `${at}[${index}]`, depth);
    });
  }

  #condition(condition: Condition, at: string, depth: number): void {
    switch (condition.kind) {
      case 'filter':
        this.filter(condition.filter, at, depth);
        return;
      case 'match':
        this.#match(condition.key, condition.match, false, at, depth);
        return;
      case 'match-except':
        this.#match(condition.key, condition.match, true, at, depth);
        return;
      case 'range':
        this.#leaf(ops.range, condition.key, at, depth);
        this.#bounds(condition.bounds, `${at}.range`, (value, place) => {
          this.#number(value, place);
        });
        return;
      case 'has-id':
        this.#node(ops.hasId, at, depth);
        writeIdsBlock(this.#out, condition.ids);
        return;
      case 'is-empty':
        this.#leaf(ops.isEmpty, condition.key, at, depth);
        return;
      case 'is-null':
        this.#leaf(ops.isNull, condition.key, at, depth);
        return;
      case 'values-count':
        this.#leaf(ops.valuesCount, condition.key, at, depth);
        this.#bounds(condition.bounds, `${at}.values_count`, (value, place) => {
          this.#out.u64(countValue(value, place));
        });
        return;
      case 'nested':
        this.#leaf(ops.nested, condition.key, at, depth);
        this.filter(condition.filter, `${at}.nested.filter`, depth + 1);
        return;
      case 'has-vector':
        this.#node(ops.hasVector, at, depth);
        this.#text(condition.name, `${at}.has_vector`);
        return;
      default:
        condition satisfies never;
    }
  }

  #match(key: string, match: MatchValues, except: boolean, at: string, depth: number): void {
    switch (match.type) {
      case 'keyword':
        this.#leaf(except ? ops.keywordNotIn : ops.keywordIn, key, at, depth);
        this.#out.u32(match.values.length);
        for (const value of match.values) this.#out.text32(value);
        return;
      case 'integer':
        this.#leaf(except ? ops.integerNotIn : ops.integerIn, key, at, depth);
        this.#out.u32(match.values.length);
        for (const value of match.values) this.#integer(value, `${at}.match`);
        return;
      case 'bool':
        this.#leaf(ops.boolIs, key, at, depth);
        this.#out.u8(match.value ? 1 : 0);
        return;
      default:
        match satisfies never;
    }
  }

  #node(op: number, at: string, depth: number): void {
    if (depth > filterLimits.depth) throw refuse(at, `a filter is at most ${filterLimits.depth} levels deep`);
    this.#nodes += 1;
    if (this.#nodes > filterLimits.nodes) throw refuse(at, `a filter has at most ${filterLimits.nodes} conditions`);
    this.#out.u8(op);
  }

  #leaf(op: number, key: string, at: string, depth: number): void {
    this.#node(op, at, depth);
    this.#text(key, `${at}.key`);
  }

  #text(text: string, at: string): void {
    if (Buffer.byteLength(text) > filterLimits.textBytes)
      throw refuse(at, `longer than ${filterLimits.textBytes} bytes`);
    this.#out.text16(text);
  }

  #bounds(bounds: NumberBounds, at: string, write: (value: ExactNumber, at: string) => void): void {
    const given = boundNames.filter((name) => bounds[name] !== undefined);
    this.#out.u8(given.reduce((flags, name) => flags | boundFlags[name], 0));
    for (const name of given) {
      const value = bounds[name];
      if (value !== undefined) write(value, `${at}.${name}`);
    }
  }

  #number(value: ExactNumber, at: string): void {
    if (typeof value === 'bigint' && value >= smallestI64 && value <= largestU64) {
      this.#integer(value, at);
      return;
    }
    const double = Number(value);
    if (!Number.isFinite(double)) throw refuse(at, 'not a finite number');
    this.#out.u8(numberTags.f64);
    this.#out.f64(double);
  }

  /** An integer that an i64 can hold is always written as one: the engine compares tags too. */
  #integer(value: bigint, at: string): void {
    if (value < smallestI64 || value > largestU64) throw refuse(at, `${value} is not a 64-bit integer`);
    if (value <= largestI64) {
      this.#out.u8(numberTags.i64);
      this.#out.i64(value);
    } else {
      this.#out.u8(numberTags.u64);
      this.#out.u64(value);
    }
  }
}

function countValue(value: ExactNumber, at: string): bigint {
  if (typeof value !== 'bigint' || value < 0n || value > largestU64) throw refuse(at, 'not an unsigned integer');
  return value;
}
